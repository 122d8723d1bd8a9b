/** Before every entry of a stream. */
export const STREAM_START = '0-0';

/** An id that Redis gives to no entry: its own ids begin with the time. */
export const NO_ENTRY = '0-1';

/** Whether one entry of a stream was added after another. Ids are `<milliseconds>-<sequence>`, both of 64 bits. */
export function isAddedAfter(id: string, other: string): boolean {
  const [time = '', sequence = ''] = id.split('-');
  const [otherTime = '', otherSequence = ''] = other.split('-');
  return (compareDecimals(time, otherTime) || compareDecimals(sequence, otherSequence)) > 0;
}

/** Without leading zeros, the longer one is the greater, whatever its size. */
function compareDecimals(one: string, other: string): number {
  if (one.length !== other.length) return one.length - other.length;
  if (one === other) return 0;
  return one > other ? 1 : -1;
}
