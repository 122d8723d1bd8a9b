import { afterAll, describe, expect, it } from 'vitest';
import { evaluateFreely } from './evaluate-freely.ts';
import { EXCLUSIONS, KEPT_OUT, UNREAD } from './exclusions.ts';
import { readVectors, type Vector } from './vectors.ts';

const vectors = readVectors();
const known = vectors.filter(
  ({ name, needsProtobuf }) => !needsProtobuf && !UNREAD.some(({ prefix }) => prefix.test(name)),
);
/** They are about unsigned integers, and maps whose keys are no texts, which no policy may have. */
const keptOut = known.filter(({ expression, bindings }) => {
  const outcome = evaluateFreely(expression, bindings);
  return 'refused' in outcome && KEPT_OUT.some((message) => message.test(outcome.refused));
});
const read = known.filter((vector) => !keptOut.includes(vector));
const excluded = new Set(EXCLUSIONS.flatMap((exclusion) => exclusion.vectors));
const conforming = read.filter(({ name }) => !excluded.has(name));

/** @returns null where the outcome is what the specification asks for, else what it is */
function divergence({ expression, bindings, expected }: Vector): string | null {
  const outcome = evaluateFreely(expression, bindings);
  const value = 'value' in outcome ? outcome.value : null;
  if (value === expected) return null;
  return `${expression} is ${JSON.stringify(outcome)}, not ${expected ?? 'an error'}`;
}

describe('the CEL specification', () => {
  const files = [...new Set(conforming.map(({ file }) => file))];

  it.each(files)('is what policies follow in %s', (file) => {
    const divergences = conforming
      .filter((vector) => vector.file === file)
      .flatMap((vector) => divergence(vector) ?? []);
    expect(divergences).toEqual([]);
  });

  it.each(EXCLUSIONS)('is not followed, by $by: $reason', ({ vectors: names }) => {
    for (const name of names) {
      const found = read.filter((vector) => vector.name === name);
      expect(found, `${name} is a vector`).toHaveLength(1);
      expect(found.map(divergence), `${name} still differs`).not.toContain(null);
    }
  });

  it.each(UNREAD)('is not read about $reason', ({ prefix }) => {
    expect(vectors.some(({ name }) => prefix.test(name))).toBe(true);
  });

  it('is read in more than a thousand vectors, of which few differ', () => {
    expect(read.length).toBeGreaterThanOrEqual(900);
    expect(keptOut.length).toBeLessThan(300);
    expect(conforming.length / read.length).toBeGreaterThan(0.85);
  });

  afterAll(() => {
    const byChoice = EXCLUSIONS.filter(({ by }) => by === 'choice').flatMap((one) => one.vectors);
    console.info(
      `cel-spec: ${conforming.length} of ${read.length} vectors pass; ${byChoice.length} differ by choice, ` +
        `${excluded.size - byChoice.length} by the CEL library; ${keptOut.length} are refused when a policy loads; ${vectors.length - known.length} are about what policies do not have`,
    );
  });
});
