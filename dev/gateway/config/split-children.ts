import type { ConfigMap, ConfigValue } from '../schema/field.ts';

/** Splits an entity into its own fields and the lists of entities nested in it. */
export function splitChildren(
  item: ConfigMap,
  childKinds: string[],
): { own: ConfigMap; children: Map<string, ConfigValue> } {
  const own: ConfigMap = new Map();
  const children = new Map<string, ConfigValue>();
  for (const [key, value] of item) {
    if (childKinds.includes(String(key))) children.set(String(key), value);
    else own.set(key, value);
  }
  return { own, children };
}
