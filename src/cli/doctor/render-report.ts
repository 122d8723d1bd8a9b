import { count } from '../policy/output/table.ts';
import type { DoctorSubject } from './check.ts';
import type { Finding, Severity } from './finding.ts';
import type { Style } from './style.ts';
import type { Summary } from './summarize.ts';

const ORDER: readonly Severity[] = ['error', 'warning', 'info', 'ok'];

/** The findings for people: first what concerns all routes, then route by route, the worst first. */
export function renderReport(
  { file, routes }: Pick<DoctorSubject, 'file' | 'routes'>,
  findings: readonly Finding[],
  summary: Summary,
  style: Style,
): string {
  const names = new Set(routes.map(({ name }) => name));
  const groups = [undefined, ...names].map((route) => {
    const own = findings.filter((finding) => finding.route === route);
    return renderGroup(route === undefined ? file : `route ${route}`, own, style);
  });
  const { routes: number, errors, warnings, infos } = summary;
  const counted = [count(errors, 'error'), count(warnings, 'warning'), count(infos, 'note')];
  return `${groups.join('')}${style.strong(`${count(number, 'route')}: ${counted.join(', ')}`)}\n`;
}

function renderGroup(title: string, findings: readonly Finding[], style: Style): string {
  if (findings.length === 0) return '';
  const sorted = ORDER.flatMap((wanted) => findings.filter(({ severity }) => severity === wanted));
  const lines = sorted.map(({ check, severity, message, fix }) => {
    const head = `  ${style.mark(severity)} ${printable(`${check}: ${message}`)}\n`;
    return fix === undefined ? head : `${head}      ${style.faint(printable(fix))}\n`;
  });
  return `${style.strong(printable(title))}\n${lines.join('')}\n`;
}

/** What stands in a file or comes from a server cannot move the terminal's cursor. */
function printable(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`,
  );
}
