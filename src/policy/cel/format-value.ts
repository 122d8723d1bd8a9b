import { ActorValue } from './variables.ts';

/** What is shown of a value: it is there to be recognized, not to be read in full. */
const SHOWN_CHARACTERS = 80;

/** Writes a value that an expression had, as CEL would, on one line. */
export function formatValue(value: unknown): string {
  return shorten(write(value, SHOWN_CHARACTERS));
}

/** Nothing in it can move a terminal's cursor or turn the direction of its text. */
export function shorten(text: string): string {
  const plain = text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, escapeCharacter);
  return plain.length <= SHOWN_CHARACTERS ? plain : `${plain.slice(0, SHOWN_CHARACTERS - 1)}…`;
}

function escapeCharacter(character: string): string {
  return `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`;
}

/** @param room characters that will be shown, beyond which nothing is written */
function write(value: unknown, room: number): string {
  if (room <= 0) return '…';
  if (typeof value === 'string') return JSON.stringify(value.slice(0, room + 1));
  if (Array.isArray(value)) return `[${writeAll(value, room, write)}]`;
  if (value instanceof Date) return value.toISOString();
  if (value instanceof ActorValue) return write(membersOf(value), room);
  if (value instanceof Map) {
    const member: Write<[unknown, unknown]> = ([name, content], rest) =>
      `${write(name, rest)}: ${write(content, rest)}`;
    return `{${writeAll([...value.entries()], room, member)}}`;
  }
  if (typeof value !== 'object' || value === null) return String(value);
  if (value.constructor === Object) return write(new Map(Object.entries(value)), room);
  const text = String(value);
  return text.startsWith('[object') ? '(a value that rules cannot use)' : text;
}

function membersOf({ subject, issuer, prior }: ActorValue): ReadonlyMap<string, unknown> {
  return new Map<string, unknown>([
    ['subject', subject],
    ['issuer', issuer],
    ['prior', prior],
  ]);
}

type Write<T> = (value: T, room: number) => string;

function writeAll<T>(values: readonly T[], room: number, writeOne: Write<T>): string {
  let text = '';
  for (const [index, value] of values.entries()) {
    const separator = index === 0 ? '' : ', ';
    if (text.length >= room) return `${text}${separator}…`;
    text += separator + writeOne(value, room - text.length);
  }
  return text;
}
