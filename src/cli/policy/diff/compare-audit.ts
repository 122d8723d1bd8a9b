import type { Policy } from '../../../policy/policy.ts';
import type { Changes } from './changes.ts';
import { judgeRecord, type Outcome } from './judge-record.ts';
import { type AuditRecord, readAuditLog } from './read-audit-log.ts';

export interface AuditSummary {
  records: number;
  changed: number;
  unchanged: number;
  /** One of the policies reads what is not recorded. */
  unjudged: number;
  /** How many records want for what, as rules spell it. */
  missing: Record<string, number>;
  /** Refused before any rule was asked, as for want of a token. */
  undecided: number;
  /** Lines that are not audit records. */
  others: number;
  /** The old policy decided these, and decides them otherwise now: something is not recorded that matters. */
  contradicted: number;
}

/** Codes of the policy itself. */
const DECIDED: ReadonlySet<string | null> = new Set([
  null,
  'policy_denied',
  'policy_error',
  'insufficient_user_authentication',
]);

/** @param listed claims that `audit.fields` listed */
export async function compareAudit(
  file: string,
  before: Policy,
  after: Policy,
  listed: readonly string[],
  changes: Changes,
): Promise<AuditSummary> {
  const summary: AuditSummary = {
    ...{ records: 0, changed: 0, unchanged: 0, unjudged: 0, missing: {} },
    ...{ undecided: 0, others: 0, contradicted: 0 },
  };
  for await (const record of readAuditLog(file)) {
    if (record === null) {
      summary.others += 1;
      continue;
    }
    summary.records += 1;
    if (!DECIDED.has(record.code)) {
      summary.undecided += 1;
      continue;
    }
    const was = judgeRecord(before, record, listed);
    const is = judgeRecord(after, record, listed);
    if ('missing' in was || 'missing' in is) {
      summary.unjudged += 1;
      const names = [was, is].flatMap((side) => ('missing' in side ? [...side.missing] : []));
      for (const name of new Set(names)) summary.missing[name] = (summary.missing[name] ?? 0) + 1;
      continue;
    }
    if (contradicts(record, before, was)) summary.contradicted += 1;
    const { method, path, route, identity } = record;
    const subject = identity?.subject ?? null;
    const isChanged = changes.add({
      ...{ source: 'audit', subject, method, path, route },
      ...{ before: was, after: is },
    });
    if (isChanged) summary.changed += 1;
    else summary.unchanged += 1;
  }
  return summary;
}

function contradicts(record: AuditRecord, { version }: Policy, was: Outcome): boolean {
  if (record.policy_version !== version) return false;
  return record.decision !== was.decision || record.rule !== was.rule;
}
