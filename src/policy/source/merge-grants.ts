import type { JsonValue } from '../../core/json.ts';
import { checkGrants, type Grantable } from '../document/check-grants.ts';
import { checkShape } from '../document/check-shape.ts';
import { type ParsedYaml, start } from '../document/parse-yaml.ts';
import type { GrantDocument } from '../document/schema.ts';
import { ENOUGH_PROBLEMS, type Problem, renderProblems } from '../document/source.ts';
import type { Grant, Policy } from '../policy.ts';
import { toGrant } from '../to-grant.ts';
import { type GrantEntry, type GrantsFile, nameGrant } from './read-grants.ts';

export interface Merged {
  readonly policy: Policy;
  /** Of the grants that do not count, with positions in the grants file. */
  readonly problems: readonly string[];
}

/**
 * Adds the grants of a file to those of a policy. A grant that would be wrong in the policy itself does not count, nor
 * does one whose name is taken: by the policy, which is reviewed, or by an earlier entry.
 */
export function mergeGrants(policy: Policy, file: GrantsFile): Merged {
  const grantable: Grantable = {
    roles: [...policy.roles.keys()],
    rules: [...policy.deny, ...policy.allow, ...policy.shadow],
  };
  const taken = new Set(policy.grants.map(({ name }) => name));
  const problems: Problem[] = [...file.problems];
  const grants: Grant[] = [...policy.grants];
  for (const entry of file.entries) {
    const checked = check(entry, grantable, taken);
    if ('problems' in checked) {
      if (problems.length < ENOUGH_PROBLEMS) problems.push(...checked.problems);
    } else {
      taken.add(checked.name);
      grants.push(toGrant(checked));
    }
  }
  return { policy: { ...policy, grants }, problems: renderProblems(file.source, problems) };
}

function check(
  entry: GrantEntry,
  grantable: Grantable,
  taken: ReadonlySet<string>,
): GrantDocument | { problems: Problem[] } {
  const yaml = asPolicy(entry);
  const shaped = checkShape(yaml);
  if ('problems' in shaped) return { problems: explain(shaped.problems, entry) };
  const problems: Problem[] = [];
  const report = (path: readonly PropertyKey[], message: string, hint?: () => string) => {
    const node = yaml.nodeAt(path);
    problems.push({ offset: node === undefined ? entry.offset : start(node), message, hint });
  };
  checkGrants(shaped.grants, grantable, report);
  const [grant] = shaped.grants;
  if (grant === undefined || taken.has(grant.name)) {
    report(['grants', 0, 'name'], 'grants[0].name: another grant has this name');
  }
  return grant === undefined || problems.length > 0
    ? { problems: explain(problems, entry) }
    : grant;
}

/** In the file the entries are the list itself; what stands in a JWS has no place in the file of its own. */
function explain(problems: readonly Problem[], entry: GrantEntry): Problem[] {
  return problems.map(({ offset, message, hint }) => ({
    offset: entry.isInFile ? offset : entry.offset,
    message: `${nameGrant(entry.grant)} is ignored: ${message.replace(/^grants\[0\]/, `[${entry.index}]`)}`,
    hint,
  }));
}

/** An entry as if it stood in a policy, for checks that were made for policies. */
function asPolicy({ grant, yaml, path }: GrantEntry): ParsedYaml {
  const inside = ([section, index, ...rest]: readonly PropertyKey[]) =>
    section === 'grants' && index === 0 ? [...path, ...rest] : null;
  const value: JsonValue = { version: 1, rules: [], grants: [grant] };
  return {
    value,
    nodeAt(at) {
      const target = inside(at);
      return target === null ? undefined : yaml.nodeAt(target);
    },
    keyOffset(at, key) {
      const target = inside(at);
      return target === null ? undefined : yaml.keyOffset(target, key);
    },
  };
}
