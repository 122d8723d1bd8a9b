import { createHash } from 'node:crypto';
import { isScalar } from 'yaml';
import { ConfigError } from '../core/config-error.ts';
import { foldHeaderName } from '../core/fold-header-name.ts';
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
import { toGrant } from './to-grant.ts';

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
  const rules = document.rules.map((rule, index) => ({
    shadow: rule.shadow,
    rule: toRule(rule, at(['rules', index]), expressionAt(['rules', index, 'when'])),
  }));
  const inForce = (wanted: 'allow' | 'deny'): Rule[] =>
    rules.flatMap(({ shadow, rule }) => (!shadow && rule.effect === wanted ? [rule] : []));
  const upstreamHeaders = new Set(
    rules.flatMap(({ rule }) => Object.keys(rule.headers).map(foldHeaderName)),
  );
  return {
    version: `sha256:${createHash('sha256').update(source.text).digest('hex')}`,
    roles: new Map(
      Object.keys(document.roles).map((name) => [name, expressionAt(['roles', name])]),
    ),
    deny: inForce('deny'),
    allow: inForce('allow'),
    shadow: rules.flatMap(({ shadow, rule }) => (shadow ? [rule] : [])),
    holidays: new Map(Object.entries(document.holidays)),
    grants: document.grants.map(toGrant),
    reads: collectReads([...expressions.values()], upstreamHeaders),
    upstream_headers: [...upstreamHeaders],
    tests: document.tests.map((test, index) => ({ ...test, location: at(['tests', index]) })),
  };
}

function toRule(
  { name, effect, description, headers, run_as, step_up }: PolicyDocument['rules'][number],
  location: string,
  when: Expression,
): Rule {
  return {
    name,
    location,
    effect,
    when,
    description: description ?? null,
    headers: headers ?? {},
    run_as: run_as ?? null,
    step_up:
      step_up === undefined
        ? null
        : { acr_values: step_up.acr_values ?? [], max_age: step_up.max_age ?? null },
  };
}

function collectReads(
  expressions: readonly Expression[],
  upstreamHeaders: ReadonlySet<string>,
): Reads {
  const mentions = expressions.map((expression) => expression.mentions);
  return {
    attributes: [...new Set(mentions.flatMap(({ attributes }) => [...attributes]))],
    headers: [...new Set([...mentions.flatMap(({ headers }) => [...headers]), ...upstreamHeaders])],
    query: mentions.some(({ query }) => query),
  };
}

/** What expressions may name of the policy itself. */
interface Names {
  roles: RoleNames;
  calendars: ReadonlySet<string>;
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
  const calendars = new Set(Object.keys(memberObject(yaml.value, 'holidays')));
  for (const [name, text] of Object.entries(roles).slice(0, LIMITS.roles)) {
    compileAt(source, yaml, ['roles', name], text, { roles: null, calendars }, compiled);
  }
  const names = { roles: new Set(Object.keys(roles)), calendars };
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
  { roles, calendars }: Names,
  { expressions, problems }: Compiled,
): void {
  if (problems.length >= ENOUGH_PROBLEMS) return;
  const scalar = yaml.nodeAt(path);
  if (typeof text !== 'string' || text === '' || !isScalar(scalar)) return;
  const find = (offset: number) => locateInScalar(source.text, scalar, offset);
  const at = (offset: number) => locate(source, find(offset));
  const result = compileExpression(text, at, roles, calendars);
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
