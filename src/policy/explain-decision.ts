import { Malfunction } from '../core/malfunction.ts';
import type { Step } from './cel/describe-steps.ts';
import { type TracedExpression, traceExpression } from './cel/explain.ts';
import type { PolicyDocument, PolicyTest } from './document/schema.ts';
import type { Grant, Policy, Rule } from './policy.ts';
import { activeGrants } from './role-book.ts';
import { runPolicyTests, type TestOutcome } from './run-policy-tests.ts';
import { toQuestion } from './test-question.ts';

export interface Explanation {
  readonly decision: TestOutcome;
  readonly rules: readonly ExplainedRule[];
  /** Those that were asked for. */
  readonly roles: readonly ExplainedRole[];
  readonly grants: readonly ExplainedGrant[];
}

export interface ExplainedRule {
  readonly name: string;
  readonly effect: 'allow' | 'deny';
  readonly location: string;
  readonly result: 'matches' | 'does not match' | 'error';
  /** False where the decision had fallen before this rule, which was then evaluated for this explanation alone. */
  readonly reached: boolean;
  /** It is evaluated and recorded, and decides nothing. */
  readonly shadow: boolean;
  /** The grant by which it matches whatever its condition says. */
  readonly grant: string | null;
  readonly evaluation: Step;
}

export interface ExplainedRole {
  readonly name: string;
  readonly held: boolean;
  /** The grant that gives it, where its condition does not hold. */
  readonly grant: string | null;
  readonly evaluation: Step;
}

export interface ExplainedGrant {
  readonly name: string;
  readonly state: 'in force' | 'not yet in force' | 'expired' | 'not for this identity';
}

/** A policy whose conditions remember how they were evaluated. */
interface TracedPolicy {
  readonly policy: Policy;
  readonly rules: ReadonlyMap<string, TracedExpression>;
  readonly roles: ReadonlyMap<string, TracedExpression>;
}

/** Tells where in the policy an offset of an expression is, which stands at a path of keys and indexes. */
type Locate = (path: readonly PropertyKey[], offset: number) => string;

/**
 * Decides one request as the plugin would, and tells all that came of it on the way.
 *
 * @param document what `policy` was made of
 */
export function explainDecision(
  policy: Policy,
  document: PolicyDocument,
  locate: Locate,
  given: PolicyTest['given'],
): Explanation {
  const traced = tracePolicy(policy, document, locate);
  const test = { name: 'request', location: '', given, expect: { decision: 'deny' as const } };
  const decide = (changed: Policy): TestOutcome => {
    const [result] = runPolicyTests({ ...changed, tests: [test] });
    if (result === undefined) throw new Malfunction('a test was not run');
    return result.actual;
  };
  const decision = decide(traced.policy);
  const reached = new Set(
    [...traced.rules].flatMap(([name, rule]) => (rule.firstEvaluation() === null ? [] : [name])),
  );
  for (const rule of [...traced.policy.deny, ...traced.policy.allow]) {
    if (!reached.has(rule.name)) decide({ ...traced.policy, deny: [rule], allow: [], shadow: [] });
  }
  const active = activeGrantsOf(policy, given);
  return {
    decision,
    rules: document.rules.flatMap((rule) => explainRule(rule, traced, reached, active)),
    roles: explainRoles(traced, active),
    grants: explainGrants(policy, active, given),
  };
}

function tracePolicy(policy: Policy, document: PolicyDocument, locate: Locate): TracedPolicy {
  const trace = (path: readonly PropertyKey[], text: string) =>
    traceExpression(text, (offset) => locate(path, offset));
  const rules = new Map(
    document.rules.map(({ name, when }, index) => [name, trace(['rules', index, 'when'], when)]),
  );
  const roles = new Map(
    Object.entries(document.roles).map(([name, text]) => [name, trace(['roles', name], text)]),
  );
  const replace = (rule: Rule): Rule => {
    const expression = rules.get(rule.name);
    return { ...rule, when: { ...rule.when, ...expression, ...EVALUATED } };
  };
  return {
    policy: {
      ...policy,
      deny: policy.deny.map(replace),
      allow: policy.allow.map(replace),
      shadow: policy.shadow.map(replace),
      roles: new Map(
        [...policy.roles].map(([name, expression]) => [
          name,
          { ...expression, ...roles.get(name), ...EVALUATED },
        ]),
      ),
    },
    rules,
    roles,
  };
}

/** What could be told of a condition without evaluating it is left alone: the evaluation is what is wanted. */
const EVALUATED: object = { rulesOut: () => false, foretell: () => undefined, guards: [] };

function explainRule(
  { name, effect, shadow }: PolicyDocument['rules'][number],
  { policy, rules }: TracedPolicy,
  reached: ReadonlySet<string>,
  active: readonly Grant[],
): ExplainedRule[] {
  const evaluation = rules.get(name)?.firstEvaluation() ?? null;
  const all = [...policy.deny, ...policy.allow, ...policy.shadow];
  const rule = all.find((candidate) => candidate.name === name);
  // An ambiguous path is refused before any rule is asked.
  if (evaluation === null || rule === undefined) return [];
  const byCondition = resultOf(evaluation);
  const grant = byCondition === 'matches' ? undefined : active.find((one) => one.rule === name);
  return [
    {
      name,
      effect,
      location: rule.location,
      result: grant === undefined ? byCondition : 'matches',
      reached: reached.has(name),
      shadow,
      grant: grant?.name ?? null,
      evaluation,
    },
  ];
}

function resultOf({ value, error }: Step): ExplainedRule['result'] {
  if (error !== null || value === null) return 'error';
  return value === 'true' ? 'matches' : 'does not match';
}

function explainRoles({ roles }: TracedPolicy, active: readonly Grant[]): ExplainedRole[] {
  return [...roles].flatMap(([name, expression]) => {
    const evaluation = expression.firstEvaluation();
    if (evaluation === null) return [];
    const holds = resultOf(evaluation) === 'matches';
    const grant = holds ? undefined : active.find(({ role }) => role === name);
    return [{ name, held: holds || grant !== undefined, grant: grant?.name ?? null, evaluation }];
  });
}

function activeGrantsOf(policy: Policy, given: PolicyTest['given']): Grant[] {
  const { identity, now } = toQuestion({ name: '', given, expect: { decision: 'deny' } });
  return activeGrants(policy, identity, now, new Set());
}

function explainGrants(
  { grants }: Policy,
  active: readonly Grant[],
  { now = 0 }: PolicyTest['given'],
): ExplainedGrant[] {
  return grants.map((grant) => ({ name: grant.name, state: stateOf(grant, active, now) }));
}

function stateOf(grant: Grant, active: readonly Grant[], now: number): ExplainedGrant['state'] {
  if (active.includes(grant)) return 'in force';
  if (now >= grant.expires) return 'expired';
  return now < grant.not_before ? 'not yet in force' : 'not for this identity';
}
