import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { policy, ROOT, temporaryFolder } from './support.ts';

const folder = temporaryFolder();
const DEMO = path.join(ROOT, 'policy.yaml');
const KONG = ['--kong', path.join(ROOT, 'kong.yml')];
const NOW = ['--now', '2026-11-25T10:00:00+01:00'];

const erin = folder.write('erin.json', { sub: 'erin', groups: ['engineering'], amr: ['mfa'] });
const nobody = folder.write('nobody.json', 'null');

const RULES = `version: 1
rules:
  - { name: reads, effect: allow, when: 'request.method == "GET" && request.path in ["/a/list", "/b/list"]' }
  - { name: writes, effect: allow, when: '"/a/items/" == request.path && request.method == "POST"' }
  - { name: public, effect: allow, when: labels.open == "yes" }
`;
const policyFile = folder.write('policy.yaml', RULES);

const guard = (more: object = {}) => ({
  name: 'policy-evaluator',
  config: { policy_file: '/etc/kong/policy.yaml', labels: { open: 'no' }, ...more },
});

async function canOn(kong: unknown, identity = erin, file = policyFile): Promise<string> {
  const written = folder.write('kong.yml', kong);
  const { code, out, err } = await policy(
    'can',
    file,
    '--identity',
    identity,
    '--kong',
    written,
    ...NOW,
  );
  expect({ code, err }).toEqual({ code: 0, err: '' });
  return out;
}

describe('policy can', () => {
  it('shows what an identity may do on the routes of the demo', async () => {
    const { code, out } = await policy('can', DEMO, '--identity', erin, ...KONG, ...NOW);
    expect(code).toBe(0);
    expect(out).toBe(`at 2026-11-25T09:00:00.000Z

tasks-staging  service tasks-staging  env=staging
  GET                    /staging         allow  engineers-read
  POST PUT PATCH DELETE  /staging         deny   no rule
  GET                    /staging/tasks/  allow  engineers-read
  POST PUT PATCH DELETE  /staging/tasks/  deny   no rule

handbook  service tasks-staging  env=staging  visibility=public
  GET  /handbook  allow  engineers-read

tasks-production  service tasks-production  env=production
  GET                    /production         allow  engineers-read
  POST PUT PATCH DELETE  /production         deny   no rule
  GET                    /production/tasks/  allow  engineers-read
  POST                   /production/tasks/  allow  operators-rerun-production, through grant INC-4312
  PUT PATCH DELETE       /production/tasks/  deny   no rule
`);
  });

  it('shows that a grant has ended', async () => {
    const later = ['--now', '2026-11-25T18:00:00+01:00'];
    const { out } = await policy('can', DEMO, '--identity', erin, ...KONG, ...later);
    expect(out).not.toContain('INC-4312');
  });

  it('shows what a request without a token may do', async () => {
    const { out } = await policy('can', DEMO, '--identity', nobody, ...KONG, ...NOW);
    expect(out).toContain('  GET  /handbook  allow  handbook-is-public\n');
    expect(out).toContain('  /staging         deny  a token is required\n');
  });

  it('asks about the paths of rules that lie under those of the route', async () => {
    const out = await canOn({
      services: [
        {
          name: 's',
          routes: [{ name: 'a', paths: ['/a'], methods: ['GET', 'POST'], plugins: [guard()] }],
        },
      ],
    });
    expect(out).toContain(`
  GET POST  /a         deny   no rule
  GET       /a/items/  deny   no rule
  POST      /a/items/  allow  writes
  GET       /a/list    allow  reads
`);
    expect(out).not.toContain('/b/list');
  });

  it('knows routes without paths, by regular expression, by host and without a name', async () => {
    const out = await canOn({
      services: [{ url: 'https://runner.example.com/base' }, { name: 's', host: 'h' }],
      routes: [
        {
          name: 'hosts',
          hosts: ['a.example.com'],
          methods: ['GET'],
          service: 's',
          plugins: [guard()],
        },
        {
          name: 'pattern',
          paths: ['~/a/l[a-z]+$'],
          methods: ['GET'],
          service: { name: 's' },
          plugins: [guard()],
        },
        { paths: ['/x'], methods: ['GET'], plugins: [guard()] },
        { name: 'nowhere', paths: ['~/nowhere'], plugins: [guard()] },
      ],
    });
    expect(out).toContain(
      'hosts  service s  open=no\n  GET  /          deny   no rule\n  GET  /a/items/  deny   no rule\n',
    );
    expect(out).toContain(`pattern  service s  open=no
  (~/a/l[a-z]+$ is a regular expression: asked about paths of rules alone)
  GET  /a/list  allow  reads
`);
    expect(out).toContain('(a route without a name)  open=no\n  GET  /x  deny  no rule\n');
    expect(out).toContain('  (there is no path to ask about)\n');
  });

  it('takes the plugin that Kong would run: of the route, of its service, of all', async () => {
    const out = await canOn({
      services: [
        {
          name: 's',
          plugins: [guard({ labels: { open: 'service' } })],
          routes: [
            {
              name: 'own',
              paths: ['/o'],
              methods: ['GET'],
              plugins: [guard({ labels: { open: 'yes' } })],
            },
            { name: 'inherited', paths: ['/i'], methods: ['GET'] },
            {
              name: 'off',
              paths: ['/f'],
              methods: ['GET'],
              plugins: [{ ...guard(), enabled: false }],
            },
          ],
        },
        {
          name: 't',
          routes: [
            { name: 'global', paths: ['/g'], methods: ['GET'] },
            { name: 'aside', paths: ['/r'], methods: ['GET'] },
          ],
        },
      ],
      plugins: [
        guard({ labels: { open: 'global' } }),
        { ...guard({ labels: { open: 'aside' } }), route: 'aside' },
        { ...guard({ labels: { open: 'consumer' } }), route: 'global', consumer: 'c' },
      ],
    });
    expect(out).toContain('own  service s  open=yes\n  GET  /o  allow  public\n');
    expect(out).toContain('inherited  service s  open=service\n');
    expect(out).toContain('off  service s  open=service\n');
    expect(out).toContain('global  service t  open=global\n');
    expect(out).toContain('aside  service t  open=aside\n');
  });

  it('says where another policy decides, where none does, and where nothing is refused', async () => {
    const out = await canOn({
      services: [
        {
          name: 's',
          routes: [
            { name: 'other', paths: ['/o'], plugins: [guard({ policy_file: 'other.yaml' })] },
            {
              name: 'inline',
              paths: ['/i'],
              plugins: [guard({ policy_file: null, policy: 'version: 1' })],
            },
            { name: 'watching', paths: ['/w'], plugins: [guard({ mode: 'shadow', context: {} })] },
            { name: 'open', paths: ['/p'] },
          ],
        },
      ],
    });
    expect(out).toContain(
      'other  service s  open=no\n  (another policy decides here: other.yaml)\n\n',
    );
    expect(out).toContain('  (another policy decides here: it stands in the configuration)\n\n');
    expect(out).toContain(
      '  (mode is shadow: nothing is refused here yet)\n  (labels and groups that are looked up while a request is decided are not known here)\n',
    );
    expect(out).toContain('\nno policy-evaluator on: open\n');
  });

  it('says what it takes not to be sent', async () => {
    const reading = folder.write(
      'reading-policy.yaml',
      `version: 1
rules:
  - { name: a, effect: allow, when: '"x-a" in request.headers || "q" in request.query || request.client_ip == "" || has(request.body)' }
`,
    );
    const kong = {
      services: [
        {
          name: 's',
          routes: [
            { name: 'r', paths: ['/'], plugins: [guard({ policy_file: 'reading-policy.yaml' })] },
          ],
        },
      ],
    };
    expect(await canOn(kong, erin, reading)).toContain(
      '\ntaken not to be sent: request.client_ip, request.query, request.body, request.headers["x-a"]\n',
    );
  });

  it('prints JSON', async () => {
    const { code, out } = await policy('can', DEMO, '--identity', erin, ...KONG, ...NOW, '--json');
    expect(code).toBe(0);
    const report = JSON.parse(out);
    expect(report).toMatchObject({
      file: DEMO,
      now: '2026-11-25T09:00:00.000Z',
      assumed_absent: [],
      unguarded: [],
    });
    expect(report.routes).toHaveLength(3);
    expect(report.routes[2]).toMatchObject({
      name: 'tasks-production',
      service: 'tasks-production',
      paths: ['/production'],
      labels: { env: 'production' },
      allow_anonymous: false,
      policy_file: 'policy.yaml',
      notes: [],
    });
    expect(report.routes[2].answers).toContainEqual({
      method: 'POST',
      path: '/production/tasks/',
      decision: 'allow',
      code: null,
      rule: 'operators-rerun-production',
      grant: 'INC-4312',
      error: null,
    });
  });
});

describe('policy can with bad input', () => {
  it.each<[string, unknown, string]>([
    ['is empty', '', 'the configuration: Invalid input: expected object'],
    ['is not YAML', 'services: [', 'is not YAML: '],
    ['is a list', '[]', 'the configuration: Invalid input: expected object'],
    ['has services that are none', { services: 'x' }, 'services: Invalid input: expected array'],
    [
      'has paths that are none',
      { services: [{ routes: [{ paths: '/a' }] }] },
      'services[0].routes[0].paths: Invalid input: expected array',
    ],
    [
      'has labels that are none',
      { routes: [{ name: 'r', plugins: [guard({ labels: { env: 1 } })] }] },
      'route r: policy-evaluator: config.labels.env: Invalid input: expected string',
    ],
  ])('says so where the configuration %s', async (_, content, message) => {
    const kong = folder.write('bad-kong.yml', content);
    const { code, out, err } = await policy('can', DEMO, '--identity', erin, '--kong', kong);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toContain(`${kong}: ${message}`);
  });

  it.each<[string, string, string]>([
    ['is empty', '', 'is not JSON: it is empty'],
    ['is not JSON', 'sub: erin', 'is not JSON: '],
    ['is a list', '["erin"]', ':1:1: identity must be a map'],
    ['has no subject', '{"groups": []}', 'identity needs a "sub"'],
    ['has a number for a subject', '{"sub": 7}', 'identity needs a "sub"'],
  ])('says so where the identity %s', async (_, text, message) => {
    const identity = folder.write('bad-identity.json', text);
    const { code, out, err } = await policy('can', DEMO, '--identity', identity, ...KONG);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toContain(message);
    expect(err).toMatch(new RegExp(`^${identity}:`));
  });

  it('exits with 1 where a file is missing', async () => {
    const missing = path.join(folder.path, 'missing');
    for (const args of [
      [missing, '--identity', erin, ...KONG],
      [DEMO, '--identity', missing, ...KONG],
      [DEMO, '--identity', erin, '--kong', missing],
    ]) {
      expect(await policy('can', ...args)).toEqual({
        code: 1,
        out: '',
        err: `${missing}: there is no such file`,
      });
    }
  });

  it.each([
    [[DEMO], "required option '--identity <file>' not specified"],
    [[DEMO, '--identity'], 'argument missing'],
    [[DEMO, '--identity', 'i', '--gong', 'x'], "unknown option '--gong'"],
  ])('exits with 2 for %j', async (args, message) => {
    const { code, err } = await policy('can', ...args);
    expect(code).toBe(2);
    expect(err).toContain(message);
  });
});
