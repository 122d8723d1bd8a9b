import { describe, expect, it } from 'vitest';
import type { RequestFacts } from '../../src/core/request.ts';
import { decide } from '../../src/policy/decide.ts';
import { runPolicyTests } from '../../src/policy/run-policy-tests.ts';
import { FACTS, setUp } from './stage-support.ts';
import { allow, deny, policyOf, policyText, problemsOf, question } from './support.ts';

function sent(
  body: string | Uint8Array | { problem: 'unreadable' },
  type: string | undefined = 'application/json',
): RequestFacts {
  const raw_body =
    typeof body === 'object' && 'problem' in body
      ? body
      : { text: Buffer.from(body).toString('latin1') };
  return { raw_body, headers: type === '' ? {} : { 'content-type': type } };
}

function withEncoding(encoding: string): RequestFacts {
  const facts = sent('{"amount":1}');
  return { ...facts, headers: { ...facts.headers, 'content-encoding': encoding } };
}

function stage(when: string, others: Record<string, unknown> = {}) {
  return setUp({ policy: policyText([allow('a', when)]), ...others });
}

const LARGE_ORDER = deny('large', 'request.path == "/tasks/7" && request.body.amount > 100');

describe('request.body', () => {
  it('is the JSON that was sent', async () => {
    const { run } = stage(
      'request.body.amount <= 100 && request.body.items.all(i, i.kind == "ü") && request.body.note.matches("^[a-z]+$")',
    );
    const body = { amount: 100, items: [{ kind: 'ü' }], note: 'abc' };
    expect(await run(sent(JSON.stringify(body)))).toMatchObject({ outcome: 'continue' });
    expect(await run(sent(JSON.stringify({ ...body, amount: 101 })))).toMatchObject({
      refusal: { code: 'policy_denied' },
    });
  });

  it.each([
    ['a list', '[1, 2]', 'request.body[1] == 2'],
    ['a text', '"abc"', 'request.body == "abc"'],
    ['null', 'null', 'has(request.body) && request.body == null'],
    ['an empty object', '{}', 'size(request.body) == 0 && !has(request.body.x)'],
  ])('may be %s', async (_, body, when) => {
    expect(await stage(when).run(sent(body))).toMatchObject({ outcome: 'continue' });
  });

  it.each(['{"amount":1,"Amount":999}', '{"a":[{"b":1,"B":2}]}', '{"s":1,"\u017f":2}'])(
    'cannot have members that some readers take for one: %s',
    async (body) => {
      expect(await stage('has(request.body)').run(sent(body))).toMatchObject({
        refusal: { code: 'invalid_request', detail: expect.stringContaining('in case only') },
      });
    },
  );

  it('may say that it is not compressed', async () => {
    const { run } = stage('request.body.amount == 1');
    expect(await run(withEncoding('identity'))).toMatchObject({ outcome: 'continue' });
  });

  it('is too large with too many values, however short', async () => {
    const body = JSON.stringify(Array.from({ length: 20_000 }, () => 1));
    expect(await stage('size(request.body) > 0').run(sent(body))).toMatchObject({
      refusal: { code: 'body_too_large' },
    });
  });

  it('has no number that another reader takes for a smaller one', async () => {
    const { run } = stage('request.body.amount <= 100.0');
    expect(await run(sent('{"amount":-1e999}'))).toMatchObject({
      refusal: { code: 'policy_error' },
    });
  });

  it('is absent where there is none, which has() can ask', async () => {
    expect(await stage('!has(request.body)').run(sent(''))).toMatchObject({ outcome: 'continue' });
    expect(await stage('request.body.x == 1').run(sent('', ''))).toMatchObject({
      refusal: { code: 'policy_error' },
      log: { error: expect.stringContaining('guard it with has(request.body)') },
    });
  });

  it('is fetched only where some rule reads it', () => {
    expect(stage('true').stage.needs()).toMatchObject({ headers: [] });
    expect(stage('true').stage.needs().attributes).not.toContain('raw_body');
    for (const when of ['has(request.body)', 'request["mcp"].method == "x"']) {
      const { stage: reading } = stage(when);
      expect(reading.needs().attributes).toContain('raw_body');
      expect(reading.needs().headers).toEqual(['content-type', 'content-encoding']);
    }
  });

  const NOT_JSON = [
    ['another type', sent('{"amount":1}', 'text/plain')],
    ['a form', sent('{"a":"&amount=1"}', 'application/x-www-form-urlencoded')],
    ['no type', sent('{"amount":1}', '')],
    ['two types', sent('{"amount":1}', 'application/json, text/plain')],
    ['another charset', sent('{"amount":1}', 'application/json; charset=utf-7')],
    ['something like JSON', sent('{"amount":NaN}')],
    ['a compressed body that is none', withEncoding('gzip')],
    [
      'another charset, in RFC 5987',
      sent('{"amount":1}', "application/json; charset*=utf-8''utf-7"),
    ],
    ['a member named twice', sent('{"amount":1,"amount":1000}')],
    ['a member named twice, deep inside', sent('{"x":[{"a":1,"\\u0061":2}]}')],
    ['bytes that are not UTF-8', sent(Buffer.from([0x22, 0xff, 0x22]))],
    ['a byte order mark', sent('\ufeff{"amount":1}')],
    ['what comes after it', sent('{"amount":1} {"amount":1000}')],
    ['too deep', sent(`${'['.repeat(65)}${']'.repeat(65)}`)],
  ] as const;

  it.each(NOT_JSON)(
    'is 400 to the rule that reads it, also by has(), where it has %s',
    async (_, facts) => {
      const rules = [
        deny('d', 'has(request.body) && request.body.amount > 100'),
        allow('a', 'true'),
      ];
      expect(await setUp({ policy: policyText(rules) }).run(facts)).toMatchObject({
        refusal: {
          code: 'invalid_request',
          detail: expect.stringContaining('Refused because the body is not JSON'),
        },
        log: {
          rule: 'd',
          code: 'invalid_request',
          error: expect.stringContaining('rule "d": policy:'),
        },
      });
    },
  );

  it.each([
    'application/json',
    'Application/JSON; charset=UTF-8',
    'application/json;charset="utf-8"; profile=x',
    'application/merge-patch+json',
  ])('comes as %s', async (type) => {
    const { run } = stage('request.body.amount == 1');
    expect(await run(sent('{"amount":1}', type))).toMatchObject({ outcome: 'continue' });
  });

  it.each([
    ['too long', sent(`"${'x'.repeat(100)}"`)],
    ['out of reach', sent({ problem: 'unreadable' })],
  ])('is 413 to the rule that reads it where it is %s', async (_, facts) => {
    const { run } = stage('has(request.body)', { max_body_bytes: 100 });
    expect(await run(facts)).toMatchObject({
      refusal: {
        code: 'body_too_large',
        detail: 'Refused because the body is too large to be read.',
      },
      log: { rule: 'a', code: 'body_too_large' },
    });
    expect(await run(sent(`"${'x'.repeat(98)}"`))).toMatchObject({ outcome: 'continue' });
  });

  it('is what the answer is about where another error follows from it, and not where none does', async () => {
    const rules = (when: string) => ({ policy: policyText([allow('first', when)]) });
    const batch = sent('[]');
    const both = setUp(rules('request.mcp.tool == "x" && request.body.id == "y"'));
    expect(await both.run(batch)).toMatchObject({ refusal: { code: 'invalid_request' } });
    const absorbed = policyText([
      deny('first', 'has(request.mcp) && false'),
      allow('second', 'identity.claims.absent'),
    ]);
    expect(await setUp({ policy: absorbed }).run(batch)).toMatchObject({
      refusal: { code: 'policy_error' },
      log: { rule: 'second' },
    });
  });

  it('does not matter where no rule gets as far as reading it', async () => {
    const { run } = setUp({ policy: policyText([LARGE_ORDER, allow('a', 'true')]) });
    const elsewhere = { path: '/upload', request_uri: '/upload' };
    const upload = { ...sent({ problem: 'unreadable' }), ...elsewhere };
    expect(await run(upload)).toMatchObject({ outcome: 'continue' });
    expect(await run({ ...upload, ...FACTS, raw_body: { problem: 'unreadable' } })).toMatchObject({
      refusal: { code: 'body_too_large' },
    });
  });

  it('is told of through roles, and not to shadow rules', async () => {
    const roles = { small: 'request.body.amount < 10' };
    const policy = policyText([allow('a', 'has_role("small")')], { roles });
    expect(await setUp({ policy }).run(sent('{'))).toMatchObject({
      refusal: { code: 'invalid_request' },
    });
    const watching = policyText([{ ...LARGE_ORDER, shadow: true }, allow('a', 'true')]);
    expect(await setUp({ policy: watching }).run(sent('{'))).toMatchObject({
      outcome: 'continue',
      log: { shadow: [{ rule: 'large', error: expect.stringContaining('the body is not JSON') }] },
    });
  });

  it('does not hold an integer that JSON has rounded', async () => {
    const { run } = stage('request.body.id == 9007199254740992');
    expect(await run(sent('{"id":9007199254740993}'))).toMatchObject({
      refusal: { code: 'policy_error' },
    });
  });

  it('is never quoted', async () => {
    const { run, entries } = stage('request.body.a == int(request.body.b)');
    await run(sent('{"a":"s3cr3t","b":"s3cr3t"}'));
    expect(entries).toMatchObject([{ code: 'policy_error' }]);
    expect(JSON.stringify(entries)).not.toContain('s3cr3t');
  });
});

describe('request.mcp', () => {
  const call = (params: unknown, method = 'tools/call') =>
    JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
  const rules = [
    deny(
      'agents-do-not-delete',
      'has(request.mcp) && has(request.mcp.tool) && request.mcp.tool == "delete"',
    ),
    allow(
      'calls',
      'has(request.mcp) && request.mcp.method == "tools/call" && request.mcp.arguments.id == 7',
    ),
    allow(
      'lists',
      'has(request.mcp) && request.mcp.method == "tools/list" && !has(request.mcp.tool) && size(request.mcp.arguments) == 0',
    ),
    allow('others', '!has(request.mcp)'),
  ];
  const { run } = setUp({ policy: policyText(rules) });

  it.each([
    [call({ name: 'read', arguments: { id: 7 } }), 'calls'],
    [call({ name: 'delete', arguments: { id: 7 } }), 'agents-do-not-delete'],
    [call({ name: 'read', arguments: { id: 8 } }), null],
    [call(undefined, 'tools/list'), 'lists'],
    ['{"jsonrpc":"2.0","id":1,"result":{}}', 'others'],
    ['{"amount":1}', 'others'],
    ['"text"', 'others'],
    ['', 'others'],
  ])('is what the client calls: %s', async (body, rule) => {
    expect(await run(sent(body))).toMatchObject({ log: { rule } });
  });

  it.each(['PUT', 'PATCH', 'GET', 'DELETE'])(
    'cannot be sent by %s past the rules about calls',
    async (method) => {
      for (const body of [
        call({ name: 'delete' }),
        `[${call({ name: 'delete' })}]`,
        '{"METHOD":"x"}',
      ]) {
        expect(await run({ ...sent(body), method })).toMatchObject({
          refusal: { code: 'invalid_request' },
        });
      }
      expect(await run({ ...sent('{"amount":1}'), method })).toMatchObject({
        log: { rule: 'others' },
      });
    },
  );

  it.each([
    ['a batch', `[${call({ name: 'read' })},${call({ name: 'delete' })}]`],
    ['an empty batch', '[]'],
    ['no version', '{"method":"tools/call","params":{"name":"delete"}}'],
    ['another version', '{"jsonrpc":"1.0","method":"tools/call","params":{"name":"delete"}}'],
    ['a method that is no text', '{"jsonrpc":"2.0","method":["tools/call"]}'],
    ['parameters by position', '{"jsonrpc":"2.0","method":"tools/call","params":["delete"]}'],
    ['no tool', call({})],
    ['a tool that is no text', call({ name: ['delete'] })],
    ['arguments that are no object', call({ name: 'read', arguments: [1] })],
    ['a method in another case', '{"jsonrpc":"2.0","method":"ping","Method":"tools/call"}'],
    ['a method in another case alone', '{"jsonrpc":"2.0","METHOD":"tools/call"}'],
    ['a parameter in another case', call({ name: 'read', Name: 'delete' })],
    ['a letter that folds to s', '{"jsonrpc":"2.0","method":"ping","paramſ":{"name":"delete"}}'],
    ['no JSON', '{"jsonrpc":"2.0",'],
  ])('is 400 to the rule that reads it where the body has %s', async (_, body) => {
    expect(await run(sent(body))).toMatchObject({
      refusal: {
        code: 'invalid_request',
        detail: expect.stringMatching(/^Refused because the body/),
      },
      log: { rule: 'agents-do-not-delete' },
    });
  });

  it('has the fields it has', () => {
    expect(problemsOf([allow('a', 'request.mcp.tol == "x"')])).toEqual([
      expect.stringContaining('rules[0].when: no such key: tol'),
    ]);
  });
});

describe('a body in a test of a policy', () => {
  it('is given as the JSON it holds', () => {
    const policy = policyOf([allow('a', 'request.mcp.tool == "read"')], {
      tests: [
        {
          name: 'reads',
          given: {
            request: {
              method: 'POST',
              body: { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'read' } },
            },
          },
          expect: 'allow',
        },
        {
          name: 'a batch',
          given: { request: { method: 'POST', body: [] } },
          expect: { decision: 'deny', code: 'invalid_request', rule: 'a' },
        },
      ],
    });
    expect(runPolicyTests(policy).filter(({ passed }) => !passed)).toEqual([]);
  });

  it('is converted once for a decision, however often it is asked', () => {
    const policy = policyOf([allow('a', 'request.body.x == 1 && request.mcp.method == "m"')]);
    let reads = 0;
    const body = {
      get value() {
        reads += 1;
        return { jsonrpc: '2.0', method: 'm', x: 1 };
      },
    };
    const request = { method: 'POST', path: '/', body };
    expect(decide(policy, question({ request })).outcome).toBe('allow');
    expect(decide(policy, question({ request })).outcome).toBe('allow');
    expect(reads).toBe(1);
  });
});
