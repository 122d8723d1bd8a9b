import { isJsonObject, type JsonObject } from '../../../core/json.ts';
import type { RoutePlugin } from '../../../kong/declarative-config/declarative-config.ts';
import type { Check, DoctorRoute } from '../check.ts';
import type { Finding } from '../finding.ts';
import { conclude } from './conclude.ts';
import { CHAIN } from './priorities.ts';

const CHECK = 'ordering';

/** Does Kong's dynamic plugin ordering turn the chain around? */
export const checkOrdering: Check = async ({ routes }) => {
  const found = routes.flatMap(lookAt);
  const looked = routes.some(({ plugins }) => plugins.some(isOurs));
  return conclude(CHECK, looked, found, 'The plugins run in the order of their priorities.');
};

function isOurs({ name }: Pick<RoutePlugin, 'name'>): boolean {
  return CHAIN.some((one) => one === name);
}

function lookAt({ name: route, plugins }: DoctorRoute): Finding[] {
  if (!plugins.some(isOurs)) return [];
  const earlier = constraints(plugins);
  const present = CHAIN.filter((name) => plugins.some((plugin) => plugin.name === name));
  const turned = present.flatMap((first, at) =>
    present
      .slice(at + 1)
      .filter((second) => comesBefore(second, first, earlier))
      .map((second) => ({ first, second })),
  );
  const errors = turned.map(({ first, second }): Finding => {
    const message = `\`ordering\` makes ${second} run before ${first}, whose verdict it needs.`;
    return { check: CHECK, severity: 'error', route, message, fix: removal(plugins) };
  });
  if (errors.length > 0) return errors;
  const moved = [...earlier].filter(([name, others]) =>
    [name, ...others].some((one) => isOurs({ name: one })),
  );
  if (moved.length === 0) return [];
  const message = `\`ordering\` names plugins of the chain: what comes between them may change what they set.`;
  return [{ check: CHECK, severity: 'warning', route, message, fix: removal(plugins) }];
}

function removal(plugins: readonly RoutePlugin[]): string {
  const places = plugins.filter(({ ordering }) => ordering !== undefined).map(({ path }) => path);
  return `take \`ordering\` out of ${places.join(', ')}`;
}

/** By plugin, those that are to run after it. */
function constraints(plugins: readonly RoutePlugin[]): Map<string, Set<string>> {
  const followers = new Map<string, Set<string>>();
  const add = (first: string, second: string) => {
    const known = followers.get(first) ?? new Set();
    followers.set(first, known.add(second));
  };
  for (const { name, ordering = {} } of plugins) {
    for (const other of namesIn(ordering, 'before')) add(name, other);
    for (const other of namesIn(ordering, 'after')) add(other, name);
  }
  return followers;
}

function namesIn(ordering: JsonObject, side: 'before' | 'after'): string[] {
  const phases = ordering[side];
  const names = isJsonObject(phases) ? phases.access : undefined;
  return Array.isArray(names) ? names.map(String) : [];
}

function comesBefore(
  first: string,
  second: string,
  followers: ReadonlyMap<string, ReadonlySet<string>>,
): boolean {
  const reached = new Set([first]);
  // A set takes in what is added while it is gone through.
  for (const name of reached) for (const next of followers.get(name) ?? []) reached.add(next);
  return reached.has(second);
}
