import type { Clock } from '../../core/clock.ts';
import type { SharedEntry } from '../../core/shared-state.ts';
import type { RedisCommand, RedisConnection } from './connect-redis.ts';
import type { KnownEntries } from './known-entries.ts';
import { MOST_ENTRIES } from './limits.ts';
import { RedisFailure } from './redis-failure.ts';
import {
  fromStreamFields,
  type StreamRecord,
  streamRecords,
  toStreamFields,
} from './stream-entry.ts';
import { NO_ENTRY, STREAM_START } from './stream-id.ts';

export interface StreamReader {
  /** The stream's key in Redis. */
  key: string;
  known: KnownEntries;
  timeout_ms: number;
  clock: Clock;
  stopwatch: () => number;
  /** False once nobody needs the entries for now. */
  isWanted: () => boolean;
  onEntry: (id: string, entry: SharedEntry) => void;
  /** A record is no entry of this version. */
  onStrangeRecord: () => void;
  /** Everything that was in the stream at that time of the stopwatch has been told. */
  onCaughtUp: (at_ms: number) => void;
  /** It is being followed, which more than reading it is a sign that Redis is well. */
  onFollowing: () => void;
  /** Redis had lost entries, and has them again. */
  onRestored: (count: number) => void;
}

/** How long Redis holds back the answer while there is nothing new. */
const BLOCK_MS = 1000;
const PAGE = 500;
const MOST_RESTORED = 5000;
const MOST_DELETED = 1000;
/** More than it should ever have: each publisher looks, but they do not wait for each other. */
const LONGEST = 2 * MOST_ENTRIES;
const SWEEP_PERIOD_MS = 30_000;

/** What has expired is kept for as long, because clocks differ and are corrected. */
const KEPT_MS = 3_600_000;

/**
 * Reads a stream from its start, and then what is added to it, for as long as it is wanted. What Redis has lost, by a
 * restart or by an eviction, it gets again from what is known here: otherwise a gateway that starts later would not
 * hear of it. Entries that nobody needs are deleted one by one, so that the stream is never cut where one is in force.
 *
 * @throws RedisFailure
 */
export async function followStream(
  connection: RedisConnection,
  reader: StreamReader,
): Promise<void> {
  const { key, known, clock, stopwatch, timeout_ms } = reader;
  let { place, length } = await readFromStart(connection, reader);
  let deletable: string[] = [];
  let swept_at_ms = stopwatch();
  while (reader.isWanted()) {
    const asked_at_ms = stopwatch();
    const deleted = deletable.slice(0, MOST_DELETED);
    const commands: RedisCommand[] = [
      ['TIME'],
      writing(key, deleted),
      ['XREAD', 'COUNT', PAGE, 'BLOCK', BLOCK_MS, 'STREAMS', key, place],
      // Only afterwards: the stream may be lost, and begun anew, during the wait.
      ['XRANGE', key, place, place],
    ];
    const answers = await connection.send(commands, BLOCK_MS + timeout_ms);
    const [time, , news, atPlace] = answers;
    const records = streamRecords(news);
    deletable = deletable.slice(deleted.length);
    length += records.length - deleted.length;
    // Where the last entry is gone, this is another stream than before, in which new entries may have smaller ids.
    if ((place !== STREAM_START && isEmpty(atPlace)) || length > LONGEST) {
      ({ place, length } = await readFromStart(connection, reader));
      continue;
    }
    place = tell(records, reader) ?? place;
    if (records.length < PAGE) reader.onCaughtUp(asked_at_ms);
    reader.onFollowing();
    if (stopwatch() - swept_at_ms >= SWEEP_PERIOD_MS) {
      swept_at_ms = stopwatch();
      const until_ms = Math.min(clock(), millisecondsOf(time)) - KEPT_MS;
      deletable.push(...known.sweep(until_ms, place));
    }
  }
}

/** @returns the id of the stream's last entry, and how many it has */
async function readFromStart(
  connection: RedisConnection,
  reader: StreamReader,
): Promise<{ place: string; length: number }> {
  const { key, known, stopwatch, timeout_ms, clock } = reader;
  for (;;) {
    known.beginReading();
    await connection.send([['UNWATCH'], ['WATCH', key], writing(key)], timeout_ms);
    let place = STREAM_START;
    let length = 0;
    for (;;) {
      const asked_at_ms = stopwatch();
      const command: RedisCommand = ['XREAD', 'COUNT', PAGE, 'STREAMS', key, place];
      const [answer] = await connection.send([command], timeout_ms);
      const records = streamRecords(answer);
      place = tell(records, reader) ?? place;
      length += records.length;
      if (length > LONGEST) throw new RedisFailure('the stream is longer than it may be');
      if (records.length < PAGE) {
        reader.onCaughtUp(asked_at_ms);
        break;
      }
    }
    const lost = known.lost(clock()).slice(0, MOST_RESTORED);
    if (lost.length === 0) return { place, length };
    await restore(connection, reader, lost);
  }
}

/** Adds entries, unless the stream has changed since it was read: one of them may have been replaced meanwhile. */
async function restore(
  connection: RedisConnection,
  { key, known, timeout_ms, onRestored }: StreamReader,
  lost: readonly SharedEntry[],
): Promise<void> {
  const added = lost.map((entry): RedisCommand => ['XADD', key, '*', ...toStreamFields(entry)]);
  const answers = await connection.send([['MULTI'], ...added, ['EXEC']], BLOCK_MS + timeout_ms);
  const ids = answers.at(-1);
  if (!Array.isArray(ids)) return;
  lost.forEach((entry, index) => {
    const id: unknown = ids[index];
    if (typeof id !== 'string') throw new RedisFailure('Redis answered XADD with something else');
    known.added(id, entry);
  });
  onRestored(lost.length);
}

/**
 * Deletes entries, or none: also then it is refused by a replica, which may be behind for as long as it cannot reach its
 * primary, and whose word for what is revoked is worth nothing.
 */
function writing(key: string, ids: readonly string[] = []): RedisCommand {
  return ['XDEL', key, ...(ids.length === 0 ? [NO_ENTRY] : ids)];
}

/** @returns the id of the last record */
function tell(records: readonly StreamRecord[], reader: StreamReader): string | undefined {
  for (const { id, fields } of records) {
    const entry = fromStreamFields(fields);
    if (entry === null) reader.onStrangeRecord();
    else reader.onEntry(id, entry);
  }
  return records.at(-1)?.id;
}

function isEmpty(answer: unknown): boolean {
  return Array.isArray(answer) && answer.length === 0;
}

/** Redis's TIME is seconds and microseconds. Anything else deletes nothing. */
function millisecondsOf(time: unknown): number {
  const seconds = Array.isArray(time) ? Number(time[0]) : Number.NaN;
  return Number.isFinite(seconds) ? seconds * 1000 : Number.NEGATIVE_INFINITY;
}
