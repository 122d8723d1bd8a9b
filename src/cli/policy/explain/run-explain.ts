import { formatValue, shorten } from '../../../policy/cel/format-value.ts';
import {
  type ExplainedRule,
  type Explanation,
  explainDecision,
} from '../../../policy/explain-decision.ts';
import { describeOutcome } from '../describe-outcome.ts';
import { openPolicy } from '../input/open-policy.ts';
import { type Given, readGiven } from '../input/read-given.ts';
import { print, printJson } from '../output/print.ts';
import { table } from '../output/table.ts';
import { renderStep } from './render-step.ts';

export interface ExplainFlags {
  readonly request: string;
  readonly now?: number;
  readonly json?: boolean;
}

export function explain(file: string, flags: ExplainFlags): void {
  const { policy, document, locateIn } = openPolicy(file);
  const given = readGiven(flags.request);
  const now = flags.now ?? given.now ?? Date.now();
  const asked = { ...given, now };
  const explanation = explainDecision(policy, document, locateIn, asked);
  if (flags.json) {
    const time = new Date(now).toISOString();
    printJson({ file, policy_version: policy.version, now: time, ...explanation });
  } else {
    print(render(explanation, asked, now));
  }
}

function render(explanation: Explanation, given: Given, now: number): string {
  const { decision, rules, roles, grants } = explanation;
  const sections = [
    `${describeOutcome(decision)}\n`,
    `${shorten(describeRequest(given))}\n${INDENT}at ${new Date(now).toISOString()}\n`,
  ];
  const byEffect = (effect: 'deny' | 'allow') => rules.filter((rule) => rule.effect === effect);
  for (const [title, listed] of [
    ['deny rules: the first that matches refuses', byEffect('deny')],
    [
      'allow rules: where no deny rule matches, the first that matches lets it pass',
      byEffect('allow'),
    ],
  ] as const) {
    if (listed.length > 0) sections.push(`${title}\n${listed.map(renderRule).join('')}`);
  }
  const renderedRoles = roles.map(({ name, held, grant, evaluation }) => {
    const through = grant === null ? '' : `, through grant "${grant}"`;
    return `${INDENT}${name}: ${held ? 'held' : 'not held'}${through}\n${renderStep(evaluation, INDENT + INDENT)}`;
  });
  if (roles.length > 0) sections.push(`roles that were asked for\n${renderedRoles.join('')}`);
  if (grants.length > 0) {
    sections.push(
      `grants\n${table(
        grants.map(({ name, state }) => [name, state]),
        INDENT,
      )}`,
    );
  }
  return sections.join('\n');
}

const INDENT = '  ';

function describeRequest({ identity, request, labels, route, service }: Given): string {
  const who = identity === null ? 'nobody' : formatValue(identity.sub);
  const parts = [
    `${request.method} ${request.path} by ${who}`,
    ...(route === '' ? [] : [`route ${route}`]),
    ...(service === '' ? [] : [`service ${service}`]),
    ...Object.entries(labels).map(([name, value]) => `${name}=${value}`),
  ];
  return parts.join(', ');
}

function renderRule({
  name,
  location,
  result,
  reached,
  shadow,
  grant,
  evaluation,
}: ExplainedRule): string {
  const notes = [
    ...(grant === null ? [] : [`through grant "${grant}"`]),
    ...(shadow ? ['in shadow: decides nothing'] : []),
    ...(reached ? [] : ['not reached: the decision had fallen']),
  ];
  const note = notes.length === 0 ? '' : ` (${notes.join('; ')})`;
  return `${INDENT}${name}: ${result}${note}  ${location}\n${renderStep(evaluation, INDENT + INDENT)}`;
}
