import { describe, expect, it } from 'vitest';
import type { Identity } from '../../../src/core/identity.ts';
import { decide, type Question } from '../../../src/policy/decide.ts';
import { ALICE, allow, policyOf, question } from '../support.ts';

/** @returns the condition's value, or what went wrong */
function evaluate(when: string, changes: Partial<Question> = {}): boolean | string {
  const verdict = decide(policyOf([allow('a', when)]), question(changes));
  return 'error' in verdict ? verdict.error : verdict.outcome === 'allow';
}

function withClaims(claims: Identity['claims']): Partial<Question> {
  return { identity: { ...ALICE, claims } };
}

describe('variables', () => {
  it.each([
    'identity.subject == "alice@example.com" && identity.issuer == "https://id.example.com"',
    'identity.email == "alice@example.com" && identity.authenticated',
    '"qa-leads" in identity.groups && "tasks:run" in identity.scopes',
    'identity.claims.team == "payments" && identity["claims"]["team"] == "payments"',
    'identity.actor == null',
    'request.method == "GET" && request.path == "/tasks/7"',
    'labels.env == "staging" && route == "tasks" && service == "runner"',
    'now == timestamp("2026-11-20T12:00:00Z") && now - duration("1h") < now',
    'now.hour("Europe/Berlin") == 13 && now.weekday("Europe/Berlin") == "Fri"',
    'request.path.split("/")[1] == "tasks"',
    'type(identity.subject) == string',
  ])('make %s true', (when) => {
    expect(evaluate(when)).toBe(true);
  });

  it('show the actor of a delegated token', () => {
    const prior = [{ subject: 'agent-6', issuer: null }];
    const identity = { ...ALICE, actor: { subject: 'agent-7', issuer: null, prior } };
    expect(evaluate('identity.actor != null', { identity })).toBe(true);
    expect(evaluate('identity.actor.subject == "agent-7"', { identity })).toBe(true);
    expect(evaluate('identity.actor.issuer == null', { identity })).toBe(true);
    expect(evaluate('identity.actor.prior.exists(a, a.subject == "agent-6")', { identity })).toBe(
      true,
    );
    expect(evaluate('identity.actor.subject == "agent-7"')).toMatch(/no such key "subject"/);
  });

  it('show host, address, headers and query where they are mentioned', () => {
    const request = {
      method: 'GET',
      path: '/',
      host: 'api.example.com',
      client_ip: '192.0.2.1',
      headers: new Map([['x-tier', 'gold']]),
      query: new Map([['id', ['1', '2']]]),
    };
    expect(evaluate('request.host == "api.example.com"', { request })).toBe(true);
    expect(evaluate('request.client_ip == "192.0.2.1"', { request })).toBe(true);
    expect(evaluate('request.headers["x-tier"] == "gold"', { request })).toBe(true);
    expect(evaluate('"x-other" in request.headers', { request })).toBe(false);
    expect(evaluate('request.query.id == ["1", "2"]', { request })).toBe(true);
    expect(evaluate('request.query.all(name, size(request.query[name]) == 2)', { request })).toBe(
      true,
    );
  });

  it('keep claims apart from what JavaScript objects inherit', () => {
    const names = '["constructor", "toString", "__proto__", "hasOwnProperty"]';
    expect(evaluate(`${names}.exists(name, name in identity.claims)`)).toBe(false);
    expect(evaluate('has(identity.claims.constructor)')).toBe(false);
    const odd = withClaims({ constructor: 'x', nested: { constructor: { a: 1 } }, team: 'a' });
    expect(evaluate('identity.claims.constructor == "x"', odd)).toBe(true);
    expect(evaluate('identity.claims.nested.constructor.a == 1', odd)).toBe(true);
    expect(evaluate('identity.claims.team == "a"', odd)).toBe(true);
  });

  it('compare numbers of claims, which are doubles, with integers', () => {
    const claims = withClaims({ level: 3, levels: [1, 3] });
    expect(evaluate('identity.claims.level == 3 && identity.claims.level > 2', claims)).toBe(true);
    expect(evaluate('3 in identity.claims.levels && identity.claims.level in [3]', claims)).toBe(
      true,
    );
  });
});

describe('errors and short circuits, as the CEL specification has them', () => {
  const missing = 'identity.claims.amr == "x"';

  it.each([
    [`${missing} || true`, true],
    [`true || ${missing}`, true],
    [`${missing} && false`, false],
    [`false && ${missing}`, false],
    ['has(identity.claims.amr) && "mfa" in identity.claims.amr', false],
    ['!has(identity.claims.amr) || !("mfa" in identity.claims.amr)', true],
    ['["a", "b"].exists(x, x == "b" || identity.claims[x] == 1)', true],
    ['["a", "b"].all(x, x == "c" && identity.claims[x] == 1)', false],
    ['true ? true : identity.claims.amr', true],
  ])('absorb the error in %s', (when, expected) => {
    expect(evaluate(when)).toBe(expected);
  });

  it.each([
    missing,
    `${missing} || false`,
    `false || ${missing}`,
    `${missing} && true`,
    `true && ${missing}`,
    `!(${missing})`,
    '["a"].exists(x, identity.claims[x] == 1)',
    'has(identity.claims.a.b)',
    'labels.project == "x"',
  ])('do not absorb it in %s', (when) => {
    expect(evaluate(when)).toMatch(/no such key/);
  });

  it('find a claim of the wrong kind', () => {
    expect(evaluate('"mfa" in identity.claims.amr', withClaims({ amr: 'mfa' }))).toMatch(
      /no such overload: string in/,
    );
    expect(evaluate('identity.claims.amr.startsWith("a")', withClaims({ amr: null }))).toMatch(
      /found no matching overload/,
    );
  });
});

describe('functions of ours', () => {
  it('match a catastrophic pattern in linear time, as method and as function', () => {
    const path = `/${'a'.repeat(20_000)}!`;
    const request = { method: 'GET', path };
    const started = performance.now();
    expect(evaluate('request.path.matches("^/(a+)+$")', { request })).toBe(false);
    expect(evaluate('matches(request.path, "^/(a|a)*$")', { request })).toBe(false);
    expect(evaluate('[request.path].exists(p, p.matches("^/(a|aa)+$"))', { request })).toBe(false);
    const dynamic = withClaims({ pattern: '^/(a+)+$' });
    expect(evaluate('request.path.matches(identity.claims.pattern)', { ...dynamic, request })).toBe(
      false,
    );
    expect(evaluate('dyn(request.path).matches("^/(a+)+$")', { request })).toBe(false);
    expect(performance.now() - started).toBeLessThan(5_000);
  });

  it('match anywhere unless anchored, with RE2 syntax', () => {
    expect(evaluate('request.path.matches("task")')).toBe(true);
    expect(evaluate('request.path.matches("^task")')).toBe(false);
    expect(evaluate('request.path.matches("(?i)TASKS/\\\\d+$")')).toBe(true);
  });

  it('refuse a pattern that only turns out to be bad', () => {
    expect(evaluate('request.path.matches(identity.claims.p)', withClaims({ p: '(' }))).toMatch(
      /the pattern is not a regular expression/,
    );
    const long = withClaims({ p: 'a'.repeat(2000) });
    expect(evaluate('request.path.matches(identity.claims.p)', long)).toMatch(/regular expression/);
  });

  it('bound split', () => {
    const request = { method: 'GET', path: '/'.repeat(300) };
    expect(evaluate('size(request.path.split("/")) > 1', { request })).toMatch(/at most 256 parts/);
    expect(evaluate('request.path.split("x") == [request.path]', { request })).toBe(true);
  });

  it('change the case of ASCII letters only', () => {
    const claims = withClaims({ kelvin: '\u212a', eszett: 'ß' });
    expect(evaluate('identity.claims.kelvin.lowerAscii() == "k"', claims)).toBe(false);
    expect(evaluate('identity.claims.eszett.upperAscii() == "SS"', claims)).toBe(false);
    expect(evaluate('"Ab".lowerAscii() == "ab" && "Ab".upperAscii() == "AB"')).toBe(true);
  });

  it('take timestamps with offset or in seconds only', () => {
    const claims = withClaims({ at: '2026-11-20T13:00:00', exp: 1_795_176_000 });
    expect(evaluate('timestamp(identity.claims.at) > now', claims)).toMatch(/RFC 3339/);
    expect(evaluate('timestamp(int(identity.claims.exp)) == now', claims)).toBe(true);
    expect(evaluate('timestamp(9223372036854775807) > now')).toMatch(/RFC 3339/);
  });

  it('fail on hours and zones that only turn out to be wrong', () => {
    const claims = withClaims({ text: 'whenever' });
    expect(evaluate('now.within(identity.claims.text, "UTC")', claims)).toMatch(/days and hours/);
    expect(evaluate('now.hour(identity.claims.text) == 1', claims)).toMatch(/no such time zone/);
  });

  it.each([
    ['2026-03-27T08:00:00Z', true],
    ['2026-03-30T07:00:00Z', true],
    ['2026-03-30T06:59:59Z', false],
    ['2026-10-23T15:00:00Z', false],
    ['2026-10-26T15:59:59Z', true],
    ['2026-10-26T16:00:00Z', false],
  ])('keep business hours in Berlin over both changes of the clock: %s', (now, expected) => {
    const when = 'now.within("Mon-Fri 09:00-17:00", "Europe/Berlin")';
    expect(evaluate(when, { now: Date.parse(now) })).toBe(expected);
  });
});
