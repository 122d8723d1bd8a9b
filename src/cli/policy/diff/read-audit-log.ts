import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { ConfigError } from '../../../core/config-error.ts';

const party = z.object({ subject: z.string(), issuer: z.string().nullable() });

/** What `policy diff` takes of a record; fields of newer versions are no reason to refuse it. */
const auditRecord = z.object({
  type: z.literal('authz'),
  time: z.iso.datetime(),
  decision: z.enum(['allow', 'deny']),
  code: z.string().nullable(),
  rule: z.string().nullable(),
  policy_version: z.string(),
  identity: z
    .object({
      subject: z.string(),
      issuer: z.string(),
      actor: party.extend({ prior: z.array(party).default([]) }).nullable(),
      claims: z.record(z.string(), z.json()),
    })
    .nullable(),
  method: z.string(),
  path: z.string(),
  route: z.string(),
  labels: z.record(z.string(), z.string()),
  client_ip: z.string().optional(),
});

export type AuditRecord = z.output<typeof auditRecord>;

/** Kong cuts log lines at 4,096 bytes; a record in a file of its own may be longer, but not by much. */
const MOST_CHARACTERS = 262_144;

/**
 * Reads an audit log line by line.
 *
 * @returns each record; null for a line that is none
 * @throws ConfigError where the file cannot be read
 */
export async function* readAuditLog(file: string): AsyncGenerator<AuditRecord | null> {
  const input = createReadStream(file, 'utf8');
  try {
    for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
      if (line.trim() !== '') yield readRecord(line);
    }
  } catch (error) {
    const { code = 'unknown error' } = error as NodeJS.ErrnoException;
    const reason = code === 'ENOENT' ? 'there is no such file' : `cannot be read: ${code}`;
    throw new ConfigError([`${file}: ${reason}`]);
  } finally {
    input.destroy();
  }
}

function readRecord(line: string): AuditRecord | null {
  if (line.length > MOST_CHARACTERS) return null;
  try {
    // On standard error, and so in Kong's log, something may stand before the record.
    const result = auditRecord.safeParse(JSON.parse(line));
    return result.success ? result.data : null;
  } catch {
    return null;
  }
}
