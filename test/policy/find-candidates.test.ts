import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findCandidates } from '../../src/policy/find-candidates.ts';
import { foretellRoles } from '../../src/policy/foretell-roles.ts';
import {
  BASE,
  compile,
  condition,
  evaluate,
  type Situation,
  situation,
  variables,
} from './cel/conditions.ts';
import { ALICE } from './support.ts';

function rulesOf(conditions: readonly string[]) {
  return conditions.flatMap((text) => {
    const when = compile(text);
    return when === null ? [] : [{ text, when }];
  });
}

function candidates(conditions: readonly string[], changes: Partial<Situation> = {}): string[] {
  const rules = rulesOf(conditions);
  expect(rules).toHaveLength(conditions.length);
  return findCandidates(rules, variables({ ...BASE, ...changes })).map(({ text }) => text);
}

describe('the rules that may match', () => {
  it.each([
    ['route', 'route == "tasks"', 'route == "reports"'],
    ['method', 'request.method in ["GET", "HEAD"]', '"PUT" == request.method'],
    ['label', 'labels.env == "staging"', 'labels.env == "production"'],
    ['claim', 'identity.claims.team == "payments"', 'identity.claims.team == "ledger"'],
    ['group', '"qa-leads" in identity.groups', '"ledger" in identity.groups'],
    ['scope', '"tasks:run" in identity.scopes', '"tasks:write" in identity.scopes'],
    ['role', 'has_role("held")', 'has_role("lacked")'],
    ['first segment', 'request.path.startsWith("/tasks/x/")', 'request.path.startsWith("/api/")'],
    ['alternatives', 'route == "a" || route == "tasks"', 'route == "a" || route == "b"'],
  ])('are found by %s', (_, may, cannot) => {
    expect(candidates([cannot, may, `true && (${cannot})`, may])).toEqual([may, may]);
  });

  it('come in the order of the policy, each once', () => {
    const groups = ['a', 'b', 'b'];
    const conditions = [
      'identity.groups.exists(g, g == "x")',
      '"b" in identity.groups || "a" in identity.groups',
      'route == "tasks"',
      'request.method == "GET"',
      '"a" in identity.groups',
    ];
    expect(candidates(conditions, { identity: { ...ALICE, groups } })).toEqual(conditions);
  });

  it('are found by what few others ask for', () => {
    const alike = ['a', 'b', 'c', 'd'].map(
      (route) => `request.method == "GET" && route == "${route}"`,
    );
    expect(candidates(alike, { route: 'c' })).toEqual([alike[2]]);
  });

  it('may be those that cannot be evaluated', () => {
    const conditions = ['labels.tier == "gold"', 'labels.tier in []', 'identity.email == "x"'];
    expect(candidates(conditions, { identity: null })).toEqual(conditions);
  });

  it('may be those that more than literals of one variable decide', () => {
    const conditions = ['route == "x" || service == "runner"', 'route in ["x", route]'];
    expect(candidates(conditions)).toEqual(conditions);
  });

  it('are few of very many groups', () => {
    const groups = Array.from({ length: 5000 }, (_, index) => `group-${index}`);
    const conditions = ['"group-7" in identity.groups', '"other" in identity.groups'];
    expect(candidates(conditions, { identity: { ...ALICE, groups } })).toEqual([conditions[0]]);
  });

  it('are all but some whose conditions are certainly false, whatever they are', () => {
    fc.assert(
      fc.property(
        fc.array(condition, { maxLength: 8 }),
        fc.array(situation, { minLength: 1, maxLength: 3 }),
        (conditions, situations) => {
          const rules = rulesOf(conditions);
          for (const given of situations) {
            const found = new Set(findCandidates(rules, variables(given)));
            expect([...found]).toEqual(rules.filter((rule) => found.has(rule)));
            for (const rule of rules) {
              if (!found.has(rule)) expect(evaluate(rule.when, given)).toBe(false);
            }
          }
        },
      ),
      { numRuns: 1000 },
    );
  });
});

describe('what is told of roles', () => {
  it('is whether their expressions hold, and nothing where they certainly do not', () => {
    const roles = rulesOf([
      '"qa-leads" in identity.groups',
      '"ledger" in identity.groups',
      'route == "tasks" && labels.env == "production"',
      'identity.groups.exists(g, g == "x")',
    ]);
    const told = foretellRoles(
      new Map(roles.map(({ text, when }) => [text, when])),
      variables(BASE),
    );
    expect([...told]).toEqual([
      ['"qa-leads" in identity.groups', true],
      ['identity.groups.exists(g, g == "x")', undefined],
    ]);
  });
});
