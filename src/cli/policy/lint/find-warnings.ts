import { surveyExpression } from '../../../policy/cel/survey-expression.ts';
import type { PolicyFile } from '../input/open-policy.ts';
import { count } from '../output/table.ts';
import { findUnreachableRules } from './find-unreachable-rules.ts';
import { type Finding, findingAt, type Severity } from './finding.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const SOON_MS = 7 * DAY_MS;

/**
 * Finds what a policy that loads probably does not mean.
 *
 * @param now milliseconds since the Unix epoch
 */
export function findWarnings(opened: PolicyFile, now: number): Finding[] {
  const found: Finding[] = [];
  const report = (location: string, severity: Severity, message: string) => {
    found.push(findingAt(opened.file, location, severity, message));
  };
  warnOfRoles(opened, report);
  warnOfRules(opened, report);
  warnOfGrants(opened, now, report);
  if (opened.document.tests.length === 0) {
    report(opened.at([]), 'warning', 'there are no tests: nothing says what this policy is to do');
  }
  return found.sort((a, b) => (a.line ?? 0) - (b.line ?? 0));
}

type Report = (location: string, severity: Severity, message: string) => void;

function warnOfRoles({ document, atKey }: PolicyFile, report: Report): void {
  const asked = document.rules.map(({ when }) => surveyExpression(when).roles);
  if (asked.includes(null)) return;
  const used = new Set(asked.flatMap((roles) => [...(roles ?? [])]));
  for (const role of Object.keys(document.roles)) {
    if (!used.has(role)) report(atKey(['roles'], role), 'warning', `no rule uses role "${role}"`);
  }
}

function warnOfRules({ document, at }: PolicyFile, report: Report): void {
  const granted = new Set(document.grants.map(({ rule }) => rule));
  const rules = document.rules.map((rule) => ({
    name: rule.name,
    effect: rule.effect,
    shadow: rule.shadow,
    granted: granted.has(rule.name),
    survey: surveyExpression(rule.when),
  }));
  const unreachable = findUnreachableRules(rules);
  for (const [index, rule] of rules.entries()) {
    const location = at(['rules', index]);
    const obstacle = unreachable.get(rule);
    if (obstacle !== undefined) {
      report(location, 'warning', `rule "${rule.name}" can never decide: ${obstacle}`);
    }
    if (rule.shadow) {
      report(location, 'warning', `rule "${rule.name}" is in shadow: it is recorded, not enforced`);
    }
  }
}

function warnOfGrants({ document, at }: PolicyFile, now: number, report: Report): void {
  for (const [index, { name, expires }] of document.grants.entries()) {
    const location = at(['grants', index]);
    const instant = new Date(expires).toISOString();
    if (expires <= now) {
      report(location, 'warning', `grant "${name}" expired ${instant}; remove it`);
    } else if (expires - now <= SOON_MS) {
      report(location, 'info', `grant "${name}" expires in ${inWords(expires - now)}, ${instant}`);
    }
  }
}

function inWords(ms: number): string {
  if (ms >= DAY_MS) return count(Math.floor(ms / DAY_MS), 'day');
  return ms >= HOUR_MS ? count(Math.floor(ms / HOUR_MS), 'hour') : 'less than an hour';
}
