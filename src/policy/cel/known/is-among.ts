/** Lists stay the same while a token, or a policy, is remembered. */
const sets = new WeakMap<readonly unknown[], ReadonlySet<unknown>>();
const SHORT = 16;

/** Each rule may look for another element: a long list is walked once. */
export function isAmong(text: string | undefined, list: readonly unknown[]): boolean | undefined {
  if (text === undefined) return undefined;
  if (list.length <= SHORT) return list.includes(text);
  let set = sets.get(list);
  if (set === undefined) {
    set = new Set(list);
    sets.set(list, set);
  }
  return set.has(text);
}
