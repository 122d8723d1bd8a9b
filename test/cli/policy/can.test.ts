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

const FORMAT = { _format_version: '3.0' };

async function canOn(kong: object, identity = erin, file = policyFile): Promise<string> {
  const written = folder.write('kong.yml', { ...FORMAT, ...kong });
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
          host: 'h',
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
          host: 'h',
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
          host: 'h',
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
          host: 'h',
          routes: [
            { name: 'other', paths: ['/o'], plugins: [guard({ policy_file: 'other.yaml' })] },
            {
              name: 'inline',
              paths: ['/i'],
              plugins: [guard({ policy_file: null, policy: 'version: 1' })],
            },
            {
              name: 'fetched',
              paths: ['/f'],
              plugins: [guard({ policy_file: null, policy_url: 'https://policies.example.com/p' })],
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
    expect(out).toContain('  (another policy decides here: it is fetched from policy_url)\n\n');
    expect(out).toContain(
      '  (mode is shadow: nothing is refused here yet)\n  (labels and groups that are looked up while a request is decided are not known here)\n',
    );
    expect(out).toContain('\nno policy-evaluator on: open\n');
  });

  it('calls routes and services what rules call them', async () => {
    const named = folder.write(
      'named-policy.yaml',
      `version: 1
rules:
  - { name: by-names, effect: allow, when: 'service == "tasks" && route == "r"' }
  - { name: by-id, effect: allow, when: 'service == "h.example.com" && route.startsWith("4a1b")' }
`,
    );
    const plugins = [guard({ policy_file: 'named-policy.yaml' })];
    const out = await canOn(
      {
        services: [
          { name: 'tasks', host: 'h.example.com', routes: [{ name: 'r', paths: ['/n'] }] },
          {
            id: 'b1a4f0c2-1111-4222-8333-444455556666',
            url: 'http://h.example.com/v1',
            routes: [{ id: '4a1b0000-1111-4222-8333-444455556666', paths: ['/i'] }],
          },
        ],
        plugins,
      },
      erin,
      named,
    );
    expect(out).toContain(
      'r  service tasks  open=no\n  GET POST PUT PATCH DELETE  /n  allow  by-names',
    );
    expect(out).toContain('4a1b0000-1111-4222-8333-444455556666  service h.example.com  open=no\n');
    expect(out).toContain('/i  allow  by-id');
  });

  it('leaves out routes that Kong does not serve, and names those without a name by their place', async () => {
    const out = await canOn({
      services: [
        { name: 'off', host: 'h', enabled: false, routes: [{ name: 'x', plugins: [guard()] }] },
        { name: 's', host: 'h', routes: [{ paths: ['/p'] }] },
      ],
    });
    expect(out).not.toContain('off');
    expect(out).toContain('\nno policy-evaluator on: services[1].routes[0]\n');
  });

  it('says what of a config is filled in elsewhere', async () => {
    const out = await canOn({
      routes: [
        {
          name: 'label',
          paths: ['/l'],
          plugins: [guard({ labels: { open: `\${{ env "DECK_OPEN" }}` } })],
        },
        { name: 'mode', paths: ['/m'], plugins: [guard({ mode: `\${{ env "DECK_MODE" }}` })] },
      ],
    });
    expect(out).toContain('  (label open is filled in elsewhere: asked with it as it stands)\n');
    expect(out).toContain(
      'mode\n  (its config has values that are filled in elsewhere: nothing is known)\n',
    );
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
          host: 'h',
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
  it.each<[string, string, string]>([
    ['is empty', '', ':1:1: must be a map with _format_version and services'],
    ['is not YAML', 'services: [', ':1:12: '],
    ['is a list', '[]', ':1:1: must be a map with _format_version and services'],
    ['tells no version', 'services: []', ':1:1: _format_version: must be'],
    [
      'has services that are none',
      '_format_version: "3.0"\nservices: x',
      ':2:11: services: must be a list',
    ],
    [
      'has paths that are none',
      '_format_version: "3.0"\nroutes:\n  - paths: /a',
      ':3:12: paths: must be a list of texts',
    ],
    [
      'has labels that are none',
      '_format_version: "3.0"\nplugins:\n  - name: policy-evaluator\n    config:\n      policy_file: p\n      labels: { env: 1 }\nroutes: [{ name: a }, { name: b }]',
      ':6:22: policy-evaluator: config.labels.env: Invalid input: expected string',
    ],
    [
      'has no policy',
      '_format_version: "3.0"\nroutes:\n  - plugins: [{ name: policy-evaluator, config: {} }]',
      ':3:49: policy-evaluator: config: exactly one of policy, policy_file and policy_url is required',
    ],
  ])('says so where the configuration %s', async (_, content, message) => {
    const kong = folder.write('bad-kong.yml', content);
    const { code, out, err } = await policy('can', DEMO, '--identity', erin, '--kong', kong);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toContain(`${kong}${message}`);
    expect(err.split('\n')).toHaveLength(1);
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
