import { openPolicy } from '../input/open-policy.ts';
import { fail, print, printJson } from '../output/print.ts';
import { count, table } from '../output/table.ts';
import { type Change, Changes, KINDS } from './changes.ts';
import { type AuditSummary, compareAudit } from './compare-audit.ts';
import { compareTests } from './compare-tests.ts';
import type { Outcome } from './judge-record.ts';

export interface DiffFlags {
  readonly audit?: string;
  readonly auditFields: readonly string[];
  readonly now?: number;
  readonly exitCode?: boolean;
  readonly json?: boolean;
}

export async function diff(oldFile: string, newFile: string, flags: DiffFlags): Promise<void> {
  const [before, after] = [openPolicy(oldFile).policy, openPolicy(newFile).policy];
  const changes = new Changes();
  const requests = compareTests(before, after, flags.now ?? Date.now(), changes);
  const audit =
    flags.audit === undefined
      ? null
      : await compareAudit(flags.audit, before, after, flags.auditFields, changes);
  if (flags.json) {
    const { totals } = changes;
    printJson({ old: oldFile, new: newFile, totals, changes: changes.list(), requests, audit });
  } else {
    print(render(changes, requests, audit));
  }
  if (flags.exitCode && changes.any) fail();
}

const SHOWN = 100;

function render(changes: Changes, requests: number, audit: AuditSummary | null): string {
  const listed = changes.list();
  const sections = KINDS.filter((kind) => changes.totals[kind] > 0).map((kind) => {
    const ofKind = listed.filter((change) => change.kind === kind);
    const rows = table(ofKind.slice(0, SHOWN).map(toRow), '  ');
    const more = ofKind.length - SHOWN;
    const rest = more > 0 ? `  … ${more} more; --json has them\n` : '';
    return `${kind}: ${changes.totals[kind]}\n${rows}${rest}`;
  });
  if (!changes.any) sections.push('nothing changed\n');
  const asked = `asked: ${count(requests, 'request')} of the tests\n`;
  sections.push(asked + (audit === null ? '' : renderAudit(audit)));
  return sections.join('\n');
}

function toRow({ source, subject, method, path, route, before, after, count: times }: Change) {
  return [
    `${method} ${path}${route === '' ? '' : ` (${route})`}`,
    subject ?? 'nobody',
    `${inWords(before)} -> ${inWords(after)}`,
    times > 1 ? `${source}, ${times} times` : source,
  ];
}

function inWords({ decision, code, rule }: Outcome): string {
  const why = code === null || code === 'policy_denied' ? '' : ` (${code})`;
  return `${decision} by ${rule ?? 'no rule'}${why}`;
}

function renderAudit(summary: AuditSummary): string {
  const { records, changed, unchanged, unjudged, missing, undecided, others, contradicted } =
    summary;
  const lines = [
    `audit: ${count(records, 'record')}: ${changed} changed, ${unchanged} unchanged, ${unjudged} cannot be judged`,
  ];
  for (const [name, number] of Object.entries(missing).sort(([, a], [, b]) => b - a)) {
    lines.push(`  ${name} is not recorded: ${count(number, 'record')}`);
  }
  if (undecided > 0) {
    lines.push(`  ${count(undecided, 'record')} of requests refused before any rule was asked`);
  }
  if (others > 0)
    lines.push(`  ${count(others, 'line')} that ${others === 1 ? 'is' : 'are'} no audit record`);
  if (contradicted > 0) {
    lines.push(
      `  ${count(contradicted, 'record')} of the old policy itself that it decides otherwise from what is recorded`,
    );
  }
  return `${lines.join('\n')}\n`;
}
