import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openAuditLog } from '../../src/audit/open-audit-log.ts';
import { Malfunction } from '../../src/core/malfunction.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'audit-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

function lines(file: string): unknown[] {
  return readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}

describe('openAuditLog', () => {
  it('appends one JSON line per record, numbered in sequence', () => {
    const file = path.join(directory, 'audit.jsonl');
    const log = openAuditLog(file);
    log.record({ decision: 'allow', rule: 'a' });
    log.record({ decision: 'deny', rule: 'line\nbreak' });
    expect(lines(file)).toEqual([
      { type: 'authz', sequence: 1, decision: 'allow', rule: 'a' },
      { type: 'authz', sequence: 2, decision: 'deny', rule: 'line\nbreak' },
    ]);
  });

  it('creates the file for its owner alone', () => {
    const file = path.join(directory, 'audit.jsonl');
    openAuditLog(file).record({});
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it('goes on in a new file once log rotation has moved the old one away', () => {
    const file = path.join(directory, 'audit.jsonl');
    const log = openAuditLog(file);
    log.record({ n: 1 });
    renameSync(file, `${file}.1`);
    log.record({ n: 2 });
    expect(lines(file)).toEqual([{ type: 'authz', sequence: 2, n: 2 }]);
  });

  it('throws where nobody reads the FIFO it is told to write to, and does not wait', () => {
    const fifo = path.join(directory, 'fifo');
    execFileSync('mkfifo', [fifo]);
    expect(() => openAuditLog(fifo).record({})).toThrow(/ENXIO/);
  });

  it('throws where the record cannot be written, so that the request is refused', () => {
    const log = openAuditLog(path.join(directory, 'missing', 'audit.jsonl'));
    expect(() => log.record({})).toThrow(Malfunction);
    expect(() => log.record({})).toThrow(/ENOENT/);
  });
});
