import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/core/config-error.ts';
import { loadPolicy } from '../../src/policy/load-policy.ts';
import { runPolicyTests } from '../../src/policy/run-policy-tests.ts';

const TEXT = `version: 1
roles:
  qa-lead: '"qa-leads" in identity.groups'
  prod-operator: 'false'
rules:
  - name: qa-leads-rerun-staging
    description: business hours only
    effect: allow
    when: >
      has_role("qa-lead") && request.method == "POST" && request.path.startsWith("/tasks/")
      && labels.env == "staging" && now.within("Mon-Fri 09:00-17:00", "Europe/Berlin")
  - name: operators
    effect: allow
    when: has_role("prod-operator") && labels.env == "production"
  - name: production-needs-strong-login
    effect: deny
    when: labels.env == "production" && !("mfa" in identity.claims.amr)
  - name: agents-read-only
    effect: deny
    when: identity.actor != null && request.method != "GET"
grants: # temporary access
  - name: INC-4312
    subject: alice@example.com
    role: prod-operator
    expires: 2026-11-22T18:00:00Z
    approved_by: bob@example.com
    reason: restore from backup
tests:
  - name: a QA lead on Saturday
    given: { identity: { sub: alice, groups: [qa-leads] }, request: { method: POST, path: /tasks/7 }, labels: { env: staging }, now: "2026-11-21T10:00:00+01:00" }
    expect: deny
  - name: a QA lead on Friday
    given: { identity: { sub: alice, groups: [qa-leads] }, request: { method: POST, path: /tasks/7 }, labels: { env: staging }, now: "2026-11-20T10:00:00+01:00" }
    expect: { decision: allow, rule: qa-leads-rerun-staging }
  - name: an agent of a QA lead
    given: { identity: { sub: alice, groups: qa-leads, act: { sub: agent } }, request: { method: POST, path: /tasks/7 }, labels: { env: staging }, now: "2026-11-20T10:00:00+01:00" }
    expect: { decision: deny, rule: agents-read-only, code: policy_denied }
  - name: an operator by grant
    given: { identity: { sub: alice@example.com, amr: [mfa] }, labels: { env: production }, now: 2026-11-22T17:59:59Z }
    expect: { decision: allow, rule: operators }
  - name: an operator after the grant
    given: { identity: { sub: alice@example.com, amr: [mfa] }, labels: { env: production }, now: 2026-11-22T18:00:00Z }
    expect: { decision: deny, rule: null }
  - name: a token that does not say how its owner logged in
    given: { identity: { sub: alice }, labels: { env: production }, now: 2026-11-22T17:00:00Z }
    expect: { decision: deny, rule: production-needs-strong-login, code: policy_error }
  - name: a path that climbs
    given: { request: { path: /tasks/..%2fadmin }, now: 2026-11-22T17:00:00Z }
    expect: { decision: deny, code: invalid_request }
  - name: nobody
    given: { labels: { env: staging }, now: 2026-11-22T17:00:00Z }
    expect: { decision: deny, rule: null, code: policy_denied }
`;

describe('loadPolicy', () => {
  it('reads the sample, whose own tests pass', () => {
    const results = runPolicyTests(loadPolicy(TEXT, 'policy.yaml'));
    expect(results.filter(({ passed }) => !passed)).toEqual([]);
    expect(results).toHaveLength(8);
  });

  it('calls the text by its hash', () => {
    const hash = createHash('sha256').update(TEXT).digest('hex');
    expect(loadPolicy(TEXT, 'policy.yaml').version).toBe(`sha256:${hash}`);
    expect(loadPolicy(`${TEXT}\n`, 'policy.yaml').version).not.toBe(`sha256:${hash}`);
  });

  it('reads Windows line ends, with the same positions', () => {
    const text = TEXT.replaceAll('\n', '\r\n');
    expect(runPolicyTests(loadPolicy(text, 'policy.yaml')).every(({ passed }) => passed)).toBe(
      true,
    );
    const broken = text.replace('labels.env == "staging" &&', 'labels.env == 5 &&');
    expect(() => loadPolicy(broken, 'policy.yaml')).toThrow(
      /^policy\.yaml:11:10: rules\[0\]\.when/,
    );
  });
});

/** @returns true where it loaded; throws where it failed otherwise than by positioned problems */
function loadsOrIsRefused(text: string): boolean {
  try {
    loadPolicy(text, 'policy.yaml');
    return true;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    for (const problem of error.problems) expect(problem).toMatch(/^policy\.yaml:\d+:\d+: /);
    return false;
  }
}

describe('any text', () => {
  const yaml = [
    ...['version: 1\n', 'rules:\n', '  - name: a\n', '    effect: allow\n', '    when: ', 'true\n'],
    ...[
      'roles: {a: "true"}\n',
      '"',
      "'",
      '[',
      ']',
      '{',
      '}',
      '&a ',
      '*a ',
      '!x ',
      '- ',
      '? ',
      ': ',
    ],
    ...[
      '>\n',
      '|\n',
      '\t',
      '\n',
      '#',
      '---\n',
      '...\n',
      '\0',
      '\ud800',
      'é',
      '<<: ',
      '@',
      '`',
      '\\',
    ],
  ];
  const cel = [
    ...[
      'identity',
      '.claims',
      '.groups',
      '.actor',
      'request',
      '.path',
      '.query',
      '.headers',
      '["x"]',
    ],
    ...['(', ')', '[', ']', '{', '}', '==', '!=', '&&', '||', '!', '-', '+', ' in ', '?', ':', ','],
    ...['"a"', '1', '2.0', '1u', 'b"a"', 'r"\\"', 'null', 'true', 'x', '.exists(x, ', '.map(x, '],
    ...['has(', 'size(', 'dyn(', 'has_role("a")', 'now', '.hour("UTC")', 'labels', '.env', '\n'],
  ];

  it('that is made of YAML loads or is refused with positions', () => {
    const pieces = fc.array(fc.constantFrom(...yaml), { maxLength: 25 });
    fc.assert(
      fc.property(pieces, (text) => void loadsOrIsRefused(text.join(''))),
      {
        numRuns: 2000,
      },
    );
  });

  it('that is made of CEL loads or is refused with positions', () => {
    const rule = (when: string) => ({ name: 'r', effect: 'allow', when });
    const policy = (when: string) =>
      JSON.stringify({ version: 1, roles: { a: 'true' }, rules: [rule(when)] });
    const pieces = fc.array(fc.constantFrom(...cel), { minLength: 1, maxLength: 14 });
    fc.assert(
      fc.property(pieces, (text) => void loadsOrIsRefused(policy(text.join('')))),
      {
        numRuns: 5000,
      },
    );
    expect(loadsOrIsRefused(policy('"a" in identity.groups'))).toBe(true);
  });
});

describe('runPolicyTests', () => {
  it('tells what came instead, and where the test stands', () => {
    const text = TEXT.replace('expect: deny', 'expect: allow').replace(
      '{ decision: allow, rule: operators }',
      '{ decision: allow, rule: qa-leads-rerun-staging }',
    );
    const failed = runPolicyTests(loadPolicy(text, 'policy.yaml')).filter(({ passed }) => !passed);
    expect(failed).toEqual([
      {
        name: 'a QA lead on Saturday',
        location: 'policy.yaml:29:5',
        passed: false,
        expected: { decision: 'allow' },
        actual: { decision: 'deny', code: 'policy_denied', rule: null, grant: null, error: null },
      },
      {
        name: 'an operator by grant',
        location: 'policy.yaml:38:5',
        passed: false,
        expected: { decision: 'allow', rule: 'qa-leads-rerun-staging' },
        actual: {
          decision: 'allow',
          code: null,
          rule: 'operators',
          grant: 'INC-4312',
          error: null,
        },
      },
    ]);
  });

  it('gives each part of a test to the rules', () => {
    const policy = loadPolicy(
      JSON.stringify({
        version: 1,
        rules: [
          {
            name: 'a',
            effect: 'allow',
            when: [
              'identity.subject == "s" && identity.issuer == "i" && identity.email == "e"',
              'identity.scopes == ["a", "b"] && identity.groups == ["g"]',
              'identity.actor.subject == "agent" && identity.claims.n == 1',
              'request.method == "PUT" && request.path == "/p" && request.host == "h"',
              'request.query.q == ["1"] && request.query.r == ["2", "3"]',
              'request.headers["x-a"] == "v" && request.client_ip == "192.0.2.1"',
              'labels.env == "x" && route == "r" && service == "s" && now.getHours() == 10',
            ].join(' && '),
          },
        ],
        tests: [
          {
            name: 't',
            given: {
              identity: {
                sub: 's',
                iss: 'i',
                email: 'e',
                scope: 'a b',
                groups: ['g'],
                act: { sub: 'agent' },
                n: 1,
              },
              request: {
                method: 'PUT',
                path: '/p',
                host: 'h',
                query: { q: '1', r: ['2', '3'] },
                headers: { 'x-a': 'v' },
                client_ip: '192.0.2.1',
              },
              labels: { env: 'x' },
              route: 'r',
              service: 's',
              now: '2026-11-20T11:00:00+01:00',
            },
            expect: 'allow',
          },
        ],
      }),
      'policy',
    );
    expect(runPolicyTests(policy)).toMatchObject([{ passed: true }]);
  });
});
