import type { Survey } from '../../../policy/cel/survey-expression.ts';

export interface SurveyedRule {
  readonly name: string;
  readonly effect: 'allow' | 'deny';
  /** It is evaluated and recorded, and decides nothing. */
  readonly shadow: boolean;
  /** A grant may make it match whatever its condition says. */
  readonly granted: boolean;
  readonly survey: Survey;
}

/**
 * Finds rules that can never decide, because another that decides before them asks for no more than they do: any deny
 * rule before an allow rule, and of one effect the one that stands first.
 *
 * @returns by rule, what is in its way
 */
export function findUnreachableRules(rules: readonly SurveyedRule[]): Map<SurveyedRule, string> {
  const found = new Map<SurveyedRule, string>();
  const deciding = rules.filter(({ shadow }) => !shadow);
  for (const [index, rule] of deciding.entries()) {
    if (rule.granted) continue;
    if (rule.survey.conditions.has(FALSE)) {
      found.set(rule, 'its condition is false');
      continue;
    }
    const obstacle = deciding.find(
      (other, at) =>
        (other.effect === rule.effect ? at < index : other.effect === 'deny') &&
        isImplied(other.survey.conditions, rule.survey.conditions),
    );
    if (obstacle !== undefined) found.set(rule, inTheWay(obstacle, rule));
  }
  return found;
}

const FALSE = JSON.stringify(['boolean', 'false']);
const TRUE = JSON.stringify(['boolean', 'true']);

function inTheWay(obstacle: SurveyedRule, { survey }: SurveyedRule): string {
  const same = obstacle.survey.conditions.size === survey.conditions.size;
  const relation = same ? 'has the same condition' : 'holds whenever this one does';
  return `"${obstacle.name}", a${obstacle.effect === 'allow' ? 'n' : ''} ${obstacle.effect} rule that decides first, ${relation}`;
}

function isImplied(wanted: ReadonlySet<string>, given: ReadonlySet<string>): boolean {
  return [...wanted].every((condition) => condition === TRUE || given.has(condition));
}
