import type { Expression } from './cel/compile-expression.ts';
import type { Guard, Source } from './cel/known/guards.ts';
import type { Variables } from './cel/variables.ts';

interface Conditional {
  readonly when: Expression;
}

/** By what a request has to have for a rule to be able to match it. Rules are told by their places in the list. */
interface Index {
  readonly sources: readonly IndexedSource[];
  /** Rules that no source tells anything of. */
  readonly others: readonly number[];
}

interface IndexedSource {
  readonly source: Source;
  readonly places: ReadonlyMap<string, readonly number[]>;
}

/** For a list that the policy holds, and so keeps. */
const indexes = new WeakMap<readonly Conditional[], Index>();

/**
 * Leaves rules out whose conditions are certainly false for a request, without looking at each: what this takes grows
 * with the rules that may match, and hardly with the rules there are.
 *
 * @param rules of a policy
 * @returns the rest, in the same order
 */
export function findCandidates<T extends Conditional>(
  rules: readonly T[],
  variables: Variables,
): readonly T[] {
  let index = indexes.get(rules);
  if (index === undefined) {
    index = createIndex(rules);
    indexes.set(rules, index);
  }
  const places = [...index.others];
  for (const indexed of index.sources) collect(indexed, variables, places);
  places.sort((a, b) => a - b);
  const candidates: T[] = [];
  let previous = -1;
  for (const place of places) {
    const rule = rules[place];
    // A rule that asks for one of several keys may have been found by two.
    if (rule !== undefined && place !== previous) candidates.push(rule);
    previous = place;
  }
  return candidates;
}

function collect({ source, places }: IndexedSource, variables: Variables, into: number[]): void {
  for (const key of select(source, variables, places) ?? places.keys()) {
    const found = places.get(key);
    if (found !== undefined) into.push(...found);
  }
}

function select(
  source: Source,
  variables: Variables,
  wanted: ReadonlyMap<string, unknown>,
): readonly string[] | undefined {
  try {
    return source.select(variables, wanted);
  } catch {
    // What is wrong comes out, or is absorbed, where conditions are evaluated.
    return undefined;
  }
}

function createIndex(rules: readonly Conditional[]): Index {
  const guards = rules.map(({ when }) => when.guards ?? []);
  const popularity = new Map<string, number>();
  for (const guard of guards.flat()) {
    for (const name of names(guard)) popularity.set(name, (popularity.get(name) ?? 0) + 1);
  }
  const sources = new Map<string, { source: Source; places: Map<string, number[]> }>();
  const others: number[] = [];
  for (const [place, available] of guards.entries()) {
    const guard = rarest(available, popularity);
    if (guard === undefined) {
      others.push(place);
      continue;
    }
    const { source, keys } = guard;
    const indexed = sources.get(source.name) ?? { source, places: new Map() };
    sources.set(source.name, indexed);
    for (const key of new Set(keys)) {
      const places = indexed.places.get(key) ?? [];
      indexed.places.set(key, places);
      places.push(place);
    }
  }
  return { sources: [...sources.values()], others };
}

/** The guard that the fewest rules share: what all rules ask for tells nothing. */
function rarest(guards: readonly Guard[], popularity: ReadonlyMap<string, number>) {
  const share = (guard: Guard) =>
    names(guard).reduce((sum, name) => sum + (popularity.get(name) ?? 0), 0);
  return [...guards].sort((a, b) => share(a) - share(b))[0];
}

function names({ source, keys }: Guard): string[] {
  return keys.map((key) => `${source.name} ${key}`);
}
