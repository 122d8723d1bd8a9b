import { compilePattern } from '../../../policy/cel/regular-expression.ts';
import { surveyExpression } from '../../../policy/cel/survey-expression.ts';
import type { PolicyDocument } from '../../../policy/document/schema.ts';

/** The literals that rules and roles compare `request.path` with. */
export function pathsOfRules({ rules, roles }: PolicyDocument): string[] {
  const expressions = [...rules.map(({ when }) => when), ...Object.values(roles)];
  const paths = expressions.flatMap((text) => [...surveyExpression(text).paths]);
  return [...new Set(paths)].filter((path) => path.startsWith('/')).sort();
}

/**
 * The paths to ask about on a route: its own, and those of rules that lie under them.
 *
 * @param routePaths prefixes and, behind a `~`, regular expressions, as Kong has them; none where it takes every path
 */
export function candidatePaths(
  routePaths: readonly string[],
  ofRules: readonly string[],
): string[] {
  const prefixes = routePaths.length === 0 ? ['/'] : routePaths;
  const own = prefixes.filter((path) => path.startsWith('/'));
  const under = ofRules.filter((path) => prefixes.some((prefix) => isUnder(path, prefix)));
  return [...new Set([...own, ...under])].sort();
}

function isUnder(path: string, prefix: string): boolean {
  if (!prefix.startsWith('~')) return path.startsWith(prefix);
  const pattern = compilePattern(`^(?:${prefix.slice(1)})`);
  return !('problem' in pattern) && pattern.test(path);
}
