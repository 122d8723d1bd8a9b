import fc from 'fast-check';
import type { Actor, Identity } from '../../../src/core/identity.ts';
import type { JsonValue } from '../../../src/core/json.ts';
import { compileExpression, type Expression } from '../../../src/policy/cel/compile-expression.ts';
import { ExpressionError } from '../../../src/policy/cel/expression-error.ts';
import { RequestProblem } from '../../../src/policy/cel/request-problem.ts';
import {
  type BodyView,
  IdentityValue,
  RequestValue,
  type RequestView,
  type Variables,
} from '../../../src/policy/cel/variables.ts';
import { ALICE, NOON } from '../support.ts';

const CALENDARS = new Set(['tokyo', 'none']);
const ROLES = new Set(['held', 'lacked', 'unclear', 'broken']);

export interface Situation {
  identity: Identity | null;
  request: RequestView;
  labels: Record<string, string>;
  route: string;
  service: string;
  now: number;
}

export const BASE: Situation = {
  identity: { ...ALICE, claims: { team: 'payments', amr: ['pwd'], admin: false, level: 3 } },
  request: { method: 'GET', path: '/tasks/7', host: 'api.example.com' },
  labels: { env: 'staging' },
  route: 'tasks',
  service: 'runner',
  now: NOON,
};

export function variables({
  identity,
  request,
  labels,
  route,
  service,
  now,
}: Situation): Variables {
  const roles = {
    knows: (role: string) => ROLES.has(role),
    holds(role: string) {
      if (role === 'broken') throw new ExpressionError('policy.yaml:1:1', 'role "broken": no');
      return role !== 'lacked';
    },
    foretells: (role: string) => ({ held: true, lacked: false })[role],
    all: () => ['held', 'unclear'],
  };
  return {
    identity: Object.assign(new IdentityValue(identity, roles), {
      foretells: (role: string) => ({ held: true, lacked: false })[role],
    }),
    request: new RequestValue(request),
    labels: new Map(Object.entries(labels)),
    holidays: new Map([
      ['tokyo', ['2026-11-20', '2026-11-23']],
      ['none', []],
    ]),
    route,
    service,
    now: new Date(now),
  };
}

/** @returns null where the condition does not compile */
export function compile(when: string): Expression | null {
  const at = (offset: number) => `policy.yaml:1:${offset}`;
  const compiled = compileExpression(when, at, ROLES, CALENDARS);
  return 'problems' in compiled ? null : compiled;
}

export function evaluate(expression: Expression, given: Situation): boolean | 'error' {
  try {
    return expression.evaluate(variables(given));
  } catch (error) {
    if (error instanceof ExpressionError) return 'error';
    throw error;
  }
}

const NAMES = ['a', 'b', 'env', 'x-y'];
const TEXTS = ['', 'a', 'b', 'GET', 'POST', '/a/b', '/a', 'Sat', 'Mon'];
const name = fc.constantFrom('a', 'b', 'env');
const text = fc.constantFrom(...TEXTS);
const literal = text.map((value) => JSON.stringify(value));

/** What mostly is a text, with what is one sometimes. */
const attribute = fc.oneof(
  literal,
  fc.constantFrom(
    'request.method',
    'request.path',
    'request.host',
    'request.client_ip',
    'request["path"]',
    'route',
    'service',
    'identity.subject',
    'identity.issuer',
    'identity.email',
    'identity.actor.subject',
    'identity.actor.issuer',
    'request.headers["x-y"]',
    'request.headers["a"]',
    'now.weekday("UTC")',
    'now.weekday("Asia/Tokyo")',
    'now.date("UTC")',
    'now.date("Asia/Tokyo")',
    'request.mcp.tool',
    'request.mcp.method',
    'request.body.a',
  ),
  name.map((label) => `labels.${label}`),
  name.map((label) => `labels["${label}"]`),
  name.map((claim) => `identity.claims.${claim}`),
  name.map((claim) => `identity["claims"]["${claim}"]`),
  name.map((claim) => `identity.claims.a.${claim}`),
);

const container = fc.oneof(
  fc.array(literal, { maxLength: 3 }).map((items) => `[${items.join(', ')}]`),
  fc.constantFrom(
    '[dyn("a"), dyn(1)]',
    'identity.groups',
    'identity.scopes',
    'identity.roles',
    'identity.claims',
    'labels',
    'request.headers',
    'request.query',
    'holidays.tokyo',
    'holidays.none',
    'holidays["tokyo"]',
  ),
  name.map((claim) => `identity.claims.${claim}`),
);

const zone = fc.constantFrom('"UTC"', '"Asia/Tokyo"', '"America/New_York"');
const number = fc.oneof(
  fc.integer({ min: -1, max: 24 }).map(String),
  zone.map((where) => `now.hour(${where})`),
  name.map((claim) => `identity.claims.${claim}`),
  fc.constantFrom('size(identity.groups)', '9223372036854775807', '9223372036854775806'),
);
const instant = fc.constantFrom(
  'now',
  'timestamp("2026-11-20T12:00:00Z")',
  'timestamp("0000-11-20T12:00:00Z")',
  'timestamp("2026-11-21T12:00:00+09:00")',
);
const order = fc.constantFrom('==', '!=', '<', '<=', '>', '>=');
const equality = fc.constantFrom('==', '!=');

function joined(...parts: fc.Arbitrary<string>[]): fc.Arbitrary<string> {
  return fc.tuple(...parts).map((texts) => texts.join(''));
}
const word = (value: string) => fc.constant(value);

export const { condition } = fc.letrec<{ condition: string; leaf: string }>((tie) => ({
  leaf: fc.oneof(
    { weight: 4, arbitrary: joined(attribute, equality, attribute) },
    { weight: 3, arbitrary: joined(attribute, word(' in '), container) },
    {
      weight: 2,
      arbitrary: joined(
        attribute,
        fc.constantFrom('.startsWith(', '.endsWith(', '.contains(', '.matches('),
        fc.oneof(literal, fc.constantFrom('"^/a?"', '"^/a/b"', '"^/b|a"', '"^/b+"')),
        word(')'),
      ),
    },
    joined(number, order, number),
    joined(instant, order, instant),
    joined(
      name.map((claim) => `identity.claims.${claim}`),
      equality,
      fc.constantFrom('null', 'true', '1', '1.0'),
    ),
    fc.constantFrom(
      'true',
      'false',
      'identity.authenticated',
      'identity.actor == null',
      'null != identity.actor',
      'has_role("held")',
      'has_role("lacked")',
      'has_role("unclear")',
      'has_role("broken")',
      'has(identity.email)',
      'has(identity.subject)',
      'has(identity.actor)',
      'has(identity.groups)',
      'has(request.host)',
      'has(request.body)',
      'has(request.mcp.tool)',
      'has(request.headers.a)',
      'now.within("Mon-Fri 09:00-17:00", "Asia/Tokyo")',
      'now.within("Sat-Mon 22:00-06:00", "UTC")',
      'identity.groups.exists(a, a == "a")',
      'identity.groups.all(a, a == "a")',
    ),
    name.map((claim) => `identity.claims.${claim}`),
    name.map((claim) => `has(identity.claims.${claim})`),
    name.map((claim) => `has(identity.claims.a.${claim})`),
    name.map((label) => `has(labels.${label})`),
  ),
  condition: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    tie('leaf'),
    joined(word('('), tie('condition'), word(' && '), tie('condition'), word(')')),
    joined(word('('), tie('condition'), word(' || '), tie('condition'), word(')')),
    joined(word('!('), tie('condition'), word(')')),
    joined(word('('), tie('condition'), word(' == '), tie('condition'), word(')')),
    joined(
      word('('),
      tie('condition'),
      word(' ? '),
      tie('condition'),
      word(' : '),
      tie('condition'),
      word(')'),
    ),
  ),
}));

const claimValue: fc.Arbitrary<JsonValue> = fc.oneof(
  text,
  fc.constantFrom<JsonValue>(null, true, false, 1, 1.5, 2 ** 60, { a: 'a' }, { a: 2 ** 60 }, {}),
  fc.array(fc.oneof(text, fc.constantFrom<JsonValue>(1, null, 2 ** 60, ['a'])), { maxLength: 3 }),
);
const claims = fc.dictionary(fc.constantFrom(...NAMES, 'constructor'), claimValue, { maxKeys: 3 });

const body = fc.constantFrom<BodyView>(
  new RequestProblem('body_too_large', 'the body is too large'),
  { value: { jsonrpc: '2.0', method: 'tools/call', params: { name: 'a', arguments: {} } } },
  { value: { jsonrpc: '2.0', method: 'b' } },
  { value: { jsonrpc: '2.0', method: 1 } },
  { value: [] },
  { value: { a: 'a' } },
);

export const situation: fc.Arbitrary<Situation> = fc.record({
  identity: fc.option(
    fc.record({
      subject: text,
      issuer: text,
      email: fc.option(text),
      groups: fc.oneof(
        fc.array(text, { maxLength: 3 }),
        word('b').map((group) => Array(20).fill(group)),
      ),
      scopes: fc.array(text, { maxLength: 2 }),
      actor: fc.option(
        fc.record({ subject: text, issuer: fc.option(text), prior: word('').map(() => []) }),
      ) as fc.Arbitrary<Actor | null>,
      claims,
    }),
  ),
  request: fc
    .record({
      method: fc.constantFrom('GET', 'POST'),
      path: fc.oneof(text, word('a'.repeat(600))),
      host: fc.option(text),
      client_ip: fc.option(text),
      headers: fc.dictionary(fc.constantFrom('a', 'x-y'), text),
      body: fc.option(body),
    })
    .map(({ method, path, host, client_ip, headers, body }) => ({
      method,
      path,
      ...(body === null ? {} : { body }),
      ...(host === null ? {} : { host }),
      ...(client_ip === null ? {} : { client_ip }),
      headers: new Map(Object.entries(headers)),
      query: new Map(),
    })),
  labels: fc.dictionary(name, text, { maxKeys: 3 }),
  route: text,
  service: text,
  now: fc.constantFrom(NOON, NOON + 86_400_000, NOON + 15 * 3_600_000),
});
