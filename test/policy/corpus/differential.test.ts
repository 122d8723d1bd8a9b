import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JsonValue } from '../../../src/core/json.ts';
import { IdentityValue, RequestValue, type Variables } from '../../../src/policy/cel/variables.ts';
import { evaluateElsewhere } from './evaluate-elsewhere.ts';
import { evaluateExpression, type Outcome } from './evaluate-freely.ts';
import { claimName, createExpressions } from './expressions.ts';

interface Situation {
  readonly groups: string[];
  readonly scopes: string[];
  readonly claims: Record<string, JsonValue>;
  readonly labels: Record<string, string>;
  readonly method: string;
  readonly path: string;
}

const text = fc.string({ unit: fc.constantFrom('a', 'b', 'A', '/', ' ', 'é', '😀'), maxLength: 4 });
const texts = fc.array(text, { maxLength: 3 });

/** Null is not among a map's members: the other implementation takes those for absent. */
const claim = fc.letrec<{ any: JsonValue; member: JsonValue; map: Record<string, JsonValue> }>(
  (tie) => ({
    any: fc.oneof({ maxDepth: 2 }, fc.constant(null), tie('member')),
    member: fc.oneof(
      { maxDepth: 2 },
      text,
      fc.constantFrom<JsonValue>(0, 1, 2, 2.5, -1, true, false),
      fc.array(tie('any'), { maxLength: 3 }),
      texts,
      tie('map'),
    ),
    map: fc.dictionary(claimName, tie('member'), { maxKeys: 3, noNullPrototype: true }),
  }),
);

const situations: fc.Arbitrary<Situation> = fc.record({
  groups: texts,
  scopes: texts,
  claims: fc.oneof(
    fc.dictionary(claimName, claim.member, { maxKeys: 4, noNullPrototype: true }),
    fc.record({ a: texts, b: claim.map, c: claim.member }),
    fc.record({ a: claim.map, b: text, c: fc.boolean() }),
  ),
  labels: fc.oneof(
    fc.record({ a: text, env: text }),
    fc.dictionary(fc.constantFrom('a', 'b', 'env'), text, { noNullPrototype: true }),
  ),
  method: fc.constantFrom('GET', 'POST'),
  path: text.map((rest) => `/${rest}`),
});

interface Divergence {
  readonly reason: string;
  readonly isKnown: (ours: Outcome, theirs: Outcome) => boolean;
}

/** Each is also in exclusions.ts, or a mistake of the other implementation. */
const DIVERGENCES: readonly Divergence[] = [
  {
    reason: 'the CEL library makes ints beyond 64 bits of doubles',
    isKnown: (_, theirs) =>
      'error' in theirs && theirs.error === 'int overflow during type conversion',
  },
];

describe('an expression', () => {
  it('has the same value, or fails, in another implementation of CEL', () => {
    const tally = { values: 0, errors: 0, refused: 0 };
    fc.assert(
      fc.property(createExpressions(), situations, (expression, situation) => {
        const ours = evaluateExpression(expression, toVariables(situation));
        if ('refused' in ours) {
          tally.refused += 1;
          return;
        }
        tally['value' in ours ? 'values' : 'errors'] += 1;
        const theirs = evaluateElsewhere(expression, toBindings(situation));
        if (DIVERGENCES.some(({ isKnown }) => isKnown(ours, theirs))) return;
        expect(comparable(ours)).toEqual(comparable(theirs));
      }),
      { seed: 20_261_120, numRuns: 3_000 },
    );
    expect(tally.values).toBeGreaterThan(1_000);
    expect(tally.errors).toBeGreaterThan(100);
    expect(tally.refused).toBeLessThan(300);
  });

  it('finds a claim that is null, which the other implementation takes for absent', () => {
    const situation = {
      groups: [],
      scopes: [],
      claims: { a: null },
      labels: {},
      method: 'GET',
      path: '/',
    };
    expect(evaluateExpression('has(identity.claims.a)', toVariables(situation))).toEqual({
      value: 'true',
    });
    expect(evaluateElsewhere('has(identity.claims.a)', toBindings(situation))).toEqual({
      value: 'false',
    });
  });
});

/** Errors are worded differently. */
function comparable(outcome: Outcome): string {
  return 'value' in outcome ? outcome.value : 'an error';
}

function toVariables({ groups, scopes, claims, labels, method, path }: Situation): Variables {
  const identity = {
    subject: 'alice',
    issuer: 'https://id.example.com',
    email: null,
    groups,
    scopes,
    actor: null,
    claims,
  };
  const roles = { knows: () => false, holds: () => false, all: () => [] };
  return {
    identity: new IdentityValue(identity, roles),
    request: new RequestValue({ method, path }),
    labels: new Map(Object.entries(labels)),
    holidays: new Map(),
    route: '',
    service: '',
    now: new Date('2026-11-20T12:00:00Z'),
  };
}

function toBindings({ groups, scopes, claims, labels, method, path }: Situation) {
  return {
    identity: { groups, scopes, claims: toMaps(claims), authenticated: true },
    labels: new Map(Object.entries(labels)),
    request: { method, path },
  };
}

/** An object's own properties only, whatever their names. */
type Input = null | boolean | number | string | Input[] | Map<string, Input>;

function toMaps(value: JsonValue): Input {
  if (Array.isArray(value)) return value.map(toMaps);
  if (typeof value !== 'object' || value === null) return value;
  return new Map(Object.entries(value).map(([name, member]) => [name, toMaps(member)]));
}
