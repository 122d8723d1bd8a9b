import { describe, expect, it } from 'vitest';
import { decide } from '../../src/policy/decide.ts';
import { ANONYMOUS, setUp } from './stage-support.ts';
import {
  ALICE,
  allow,
  deny,
  policyOf,
  policyText,
  problemsOf,
  question,
  VERDICT,
} from './support.ts';

const RUN_AS = 'rerunner@project.iam.gserviceaccount.com';

describe('headers of a rule', () => {
  const CONFIG = {
    policy: policyText([
      { ...allow('write', 'request.method == "POST"'), headers: { 'X-Task-Access': 'write all' } },
      {
        ...allow('read', 'request.method == "GET"'),
        headers: { x_task_access: 'read', 'X-Two': '2' },
      },
      allow('plain', 'request.method == "PUT"'),
    ]),
  };

  it('are set where that rule allows', async () => {
    const { run } = setUp(CONFIG);
    expect(await run()).toMatchObject({ set_headers: { 'X-Task-Access': 'write all' } });
    expect(await run({ method: 'GET' })).toMatchObject({
      set_headers: { x_task_access: 'read', 'X-Two': '2' },
    });
    expect(await run({ method: 'PUT' })).not.toHaveProperty('set_headers');
    expect(await run({ method: 'DELETE' })).toMatchObject({ outcome: 'refuse' });
  });

  it('never pass from the client, whichever rule allows, in whatever spelling', async () => {
    const { run } = setUp(CONFIG);
    for (const method of ['POST', 'GET', 'PUT']) {
      const outcome = await run({ method, headers: { 'x-task-access': 'forged', 'x-other': '1' } });
      expect(outcome).toMatchObject({
        remove_headers: ['x-task-access', 'x_task-access', 'x-task_access', 'x_task_access'],
      });
    }
    expect(await run()).not.toHaveProperty('remove_headers');
  });

  it('are among what the stage needs, by one name', () => {
    expect(setUp(CONFIG).stage.needs().headers).toEqual(['x-task-access', 'x-two']);
  });

  it.each([
    ['Host', 'must not be a header that HTTP itself or the gateway uses'],
    ['X_Forwarded_For', 'must not read like a header that HTTP itself or the gateway uses'],
    ['Authorization', 'must not be a header that carries credentials'],
    ['X-Serverless_Authorization', 'must not be a header that carries credentials'],
    ['X-Authenticated-Subject', 'must not be a header that says who is asking'],
    ['X_Consumer-ID', 'must not be a header that says who is asking'],
    ['a-b-c-d-e-f-g', 'must not have more than 5 of - and _'],
    ['X Access', 'must be an HTTP header name'],
  ])('are not called %s', (name, problem) => {
    expect(problemsOf([{ ...allow('a', 'true'), headers: { [name]: 'x' } }])).toEqual([
      expect.stringContaining(`rules[0].headers: the key "${name}" ${problem}`),
    ]);
  });

  it.each(['', 'a\r\nX-Evil: 1', ' a', 'a ', 'é', 'a\tb', 'x'.repeat(1025)])(
    'do not hold %j',
    (value) => {
      expect(problemsOf([{ ...allow('a', 'true'), headers: { 'X-A': value } }])).toHaveLength(1);
    },
  );

  it('are named once, and not too many', () => {
    const twice = { 'X-Access': '1', x_access: '2' };
    expect(problemsOf([{ ...allow('a', 'true'), headers: twice }])).toEqual([
      'rules[0].headers must name each header once; names that differ only in case or in - and _ are the same',
    ]);
    const many = (from: number, to: number) =>
      Object.fromEntries(
        Array.from({ length: to - from }, (_, index) => [`X-H${from + index}`, 'v']),
      );
    const rules = (last: number) => [
      { ...allow('a', 'true'), headers: many(0, 20) },
      { ...allow('b', 'true'), headers: many(10, last) },
    ];
    expect(problemsOf(rules(32))).toEqual([]);
    expect(problemsOf(rules(33))).toEqual(['the rules of a policy set at most 32 headers']);
  });
});

describe('run_as of a rule', () => {
  it('goes to the next stage, and into the record', async () => {
    const policy = policyText([{ ...allow('rerun', 'true'), run_as: RUN_AS }]);
    expect(await setUp({ policy }).run()).toMatchObject({
      handoff: { policy_decision: { outcome: 'allow', rule: 'rerun', run_as: RUN_AS } },
      log: { rule: 'rerun', run_as: RUN_AS },
    });
  });

  it('is not there where another rule allows', async () => {
    const policy = policyText([
      { ...allow('rerun', 'false'), run_as: RUN_AS },
      allow('read', 'true'),
    ]);
    const outcome = await setUp({ policy }).run();
    expect(outcome).not.toHaveProperty('handoff.policy_decision.run_as');
    expect(outcome.log).not.toHaveProperty('run_as');
  });

  it.each([
    'alice@example.com',
    'x@evil.iam.gserviceaccount.com/../y',
    'a b@p.iam.gserviceaccount.com',
    '@p.iam.gserviceaccount.com',
  ])('must be a service account, not %s', (run_as) => {
    expect(problemsOf([{ ...allow('a', 'true'), run_as }])).toEqual([
      'rules[0].run_as must be the e-mail of a service account',
    ]);
  });
});

describe('step_up of a rule', () => {
  const strong = deny('strong', 'request.method == "POST"');
  const step_up = { acr_values: ['phr', 'phrh'], max_age: 300 };
  const CONFIG = { policy: policyText([{ ...strong, step_up }, allow('a', 'true')]) };

  it('tells the client which login would do, as RFC 9470 has it', async () => {
    expect(await setUp(CONFIG).run()).toMatchObject({
      outcome: 'refuse',
      refusal: {
        code: 'insufficient_user_authentication',
        challenge: {
          realm: 'api',
          error: 'insufficient_user_authentication',
          error_description: 'a stronger or more recent authentication is required',
          acr_values: 'phr phrh',
          max_age: '300',
        },
      },
      log: { code: 'insufficient_user_authentication', rule: 'strong' },
    });
  });

  it('does so in the scheme of the token', async () => {
    const { run } = setUp(CONFIG);
    const identity = { ...ALICE, claims: { ...ALICE.claims, cnf: { jkt: 'thumbprint' } } };
    const outcome = await run({ handoff: { authenticated_identity: { ...VERDICT, identity } } });
    expect(outcome).toMatchObject({ refusal: { challenge: { scheme: 'DPoP' } } });
  });

  it('tells no error to a request without a token', async () => {
    const outcome = await setUp({ ...CONFIG, allow_anonymous: true }).run(ANONYMOUS);
    expect(outcome).toMatchObject({
      refusal: { challenge: { acr_values: 'phr phrh', max_age: '300' } },
    });
    expect(outcome).not.toHaveProperty('refusal.challenge.error');
  });

  it('may ask for one of the two', () => {
    const policy = policyOf([{ ...strong, step_up: { max_age: 0 } }]);
    const asked = question({ request: { method: 'POST', path: '/' } });
    expect(decide(policy, asked)).toMatchObject({ step_up: { acr_values: [], max_age: 0 } });
  });

  it.each([
    [{}, 'rules[0].step_up must have acr_values or max_age'],
    [{ acr_values: [] }, 'rules[0].step_up.acr_values must not be empty'],
    [{ acr_values: ['a b'] }, 'rules[0].step_up.acr_values[0] must be one value without spaces'],
    [{ max_age: -1 }, 'rules[0].step_up.max_age must be at least 0'],
    [{ max_age: 1.5 }, 'rules[0].step_up.max_age must be a whole number'],
    [{ max_age: 1, acr: [] }, 'rules[0].step_up: unknown field "acr"'],
  ])('is checked: %j', (value, problem) => {
    expect(problemsOf([{ ...strong, step_up: value }])).toEqual([problem]);
  });
});

it('refuses what a rule of that effect cannot have', () => {
  const headers = { 'X-Access': 'read' };
  expect(
    problemsOf([
      { ...deny('d', 'true'), headers, run_as: RUN_AS },
      { ...allow('a', 'true'), step_up: { max_age: 1 } },
    ]),
  ).toEqual([
    'rules[0].headers: only for a rule whose effect is allow',
    'rules[0].run_as: only for a rule whose effect is allow',
    'rules[1].step_up: only for a rule whose effect is deny',
  ]);
});

describe('reveal_rule', () => {
  const policy = policyText([deny('d', 'request.method == "POST"')]);

  it('tells the client the rule, where one decided', async () => {
    const { run } = setUp({ policy, reveal_rule: true });
    expect(await run()).toMatchObject({ refusal: { code: 'policy_denied', rule: 'd' } });
    expect(await run({ method: 'GET' })).not.toHaveProperty('refusal.rule');
  });

  it('is off unless it is asked for', async () => {
    expect(await setUp({ policy }).run()).not.toHaveProperty('refusal.rule');
  });
});
