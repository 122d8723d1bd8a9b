import { createHash } from 'node:crypto';
import { isScalar } from 'yaml';
import { ConfigError } from '../core/config-error.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../core/json.ts';
import { Malfunction } from '../core/malfunction.ts';
import type { RoleNames } from './cel/check-call.ts';
import { compileExpression, type Expression } from './cel/compile-expression.ts';
import { checkNames } from './document/check-names.ts';
import { checkShape, render } from './document/check-shape.ts';
import { locateInScalar } from './document/locate-in-scalar.ts';
import { type ParsedYaml, parseYaml, start } from './document/parse-yaml.ts';
import { renderExpression } from './document/render-expression.ts';
import type { PolicyDocument } from './document/schema.ts';
import {
  createSource,
  ENOUGH_PROBLEMS,
  locate,
  type Problem,
  renderProblems,
  type Source,
} from './document/source.ts';
import { LIMITS } from './limits.ts';
import type { Policy, Reads, Rule } from './policy.ts';

type Path = readonly PropertyKey[];

/**
 * Reads a policy: YAML whose conditions are CEL. Everything that can be known to be wrong is found here.
 *
 * @param text the policy's text
 * @param fileName the name that messages show
 * @throws ConfigError with one problem per mistake, each as `policy.yaml:12:9: message`
 */
export function loadPolicy(text: string, fileName: string): Policy {
  const source = createSource(fileName, text);
  const yaml = parseYaml(source);
  if ('problems' in yaml) throw new ConfigError(renderProblems(source, yaml.problems));
  const compiled = compileAll(source, yaml);
  const document = checkShape(yaml);
  const problems = [...compiled.problems];
  if ('problems' in document) problems.push(...document.problems);
  else problems.push(...checkNames(document, yaml, [...compiled.expressions.values()]));
  if ('problems' in document || problems.length > 0) {
    throw new ConfigError(renderProblems(source, problems));
  }
  return assemble(document, source, yaml, compiled.expressions);
}

function assemble(
  document: PolicyDocument,
  source: Source,
  yaml: ParsedYaml,
  expressions: ReadonlyMap<string, Expression>,
): Policy {
  const at = (path: Path) => locate(source, startOf(yaml, path));
  const expressionAt = (path: Path): Expression => {
    const expression = expressions.get(render(path));
    // A rule that is left out silently could be a deny.
    if (expression === undefined) throw new Malfunction(`${render(path)} was not compiled`);
    return expression;
  };
  const rules = document.rules.map(({ name, effect }, index) => ({
    effect,
    rule: { name, location: at(['rules', index]), when: expressionAt(['rules', index, 'when']) },
  }));
  const byEffect = (wanted: 'allow' | 'deny'): Rule[] =>
    rules.flatMap(({ effect, rule }) => (effect === wanted ? [rule] : []));
  return {
    version: `sha256:${createHash('sha256').update(source.text).digest('hex')}`,
    roles: new Map(
      Object.keys(document.roles).map((name) => [name, expressionAt(['roles', name])]),
    ),
    deny: byEffect('deny'),
    allow: byEffect('allow'),
    grants: document.grants.map((grant) => ({
      name: grant.name,
      subject: grant.subject ?? null,
      group: grant.group ?? null,
      issuer: grant.issuer ?? null,
      role: grant.role,
      not_before: grant.not_before ?? Number.NEGATIVE_INFINITY,
      expires: grant.expires,
    })),
    reads: collectReads([...expressions.values()]),
    tests: document.tests.map((test, index) => ({ ...test, location: at(['tests', index]) })),
  };
}

function collectReads(expressions: readonly Expression[]): Reads {
  const mentions = expressions.map((expression) => expression.mentions);
  return {
    attributes: [...new Set(mentions.flatMap(({ attributes }) => [...attributes]))],
    headers: [...new Set(mentions.flatMap(({ headers }) => [...headers]))],
    query: mentions.some(({ query }) => query),
  };
}

interface Compiled {
  /** By their place in the policy: `rules[2].when`. */
  expressions: Map<string, Expression>;
  problems: Problem[];
}

/** Compiles every string that stands where an expression belongs, so that mistakes elsewhere do not hide theirs. */
function compileAll(source: Source, yaml: ParsedYaml): Compiled {
  const compiled: Compiled = { expressions: new Map(), problems: [] };
  const roles = memberObject(yaml.value, 'roles');
  for (const [name, text] of Object.entries(roles).slice(0, LIMITS.roles)) {
    compileAt(source, yaml, ['roles', name], text, null, compiled);
  }
  const names: RoleNames = new Set(Object.keys(roles));
  const rules = isJsonObject(yaml.value) ? yaml.value.rules : undefined;
  for (const [index, rule] of (Array.isArray(rules) ? rules : [])
    .slice(0, LIMITS.rules)
    .entries()) {
    const text = isJsonObject(rule) ? rule.when : undefined;
    compileAt(source, yaml, ['rules', index, 'when'], text, names, compiled);
  }
  return compiled;
}

function compileAt(
  source: Source,
  yaml: ParsedYaml,
  path: Path,
  text: JsonValue | undefined,
  roles: RoleNames,
  { expressions, problems }: Compiled,
): void {
  if (problems.length >= ENOUGH_PROBLEMS) return;
  const scalar = yaml.nodeAt(path);
  if (typeof text !== 'string' || text === '' || !isScalar(scalar)) return;
  const find = (offset: number) => locateInScalar(source.text, scalar, offset);
  const result = compileExpression(text, (offset) => locate(source, find(offset)), roles);
  if ('problems' in result) {
    for (const { message, offset, hint } of result.problems.slice(0, ENOUGH_PROBLEMS)) {
      problems.push({
        offset: find(offset),
        message: `${render(path)}: ${message}`,
        hint: () => `${hint?.() ?? ''}\n${renderExpression(text, offset)}`,
      });
    }
  } else {
    expressions.set(render(path), result);
  }
}

function memberObject(value: JsonValue, name: string): JsonObject {
  const member = isJsonObject(value) ? value[name] : undefined;
  return isJsonObject(member) ? member : {};
}

function startOf(yaml: ParsedYaml, path: Path): number {
  const node = yaml.nodeAt(path);
  return node === undefined ? 0 : start(node);
}
