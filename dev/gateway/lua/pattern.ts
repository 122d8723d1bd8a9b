import { LuaError } from './lua-error.ts';

/**
 * Whether a Lua pattern is found in a subject, as `string.match(subject, pattern) ~= nil`.
 * Both are byte strings. Everything of Lua 5.1 is there but `%f`; see
 * https://www.lua.org/manual/5.1/manual.html#5.4.1
 *
 * @throws LuaError for a malformed pattern
 */
export function luaMatches(subject: string, pattern: string): boolean {
  const matcher = new Matcher(subject, pattern);
  const anchored = pattern.startsWith('^');
  for (let start = 0; start <= subject.length; start += 1) {
    if (matcher.run(start, anchored ? 1 : 0)) return true;
    if (anchored) return false;
  }
  return false;
}

const OPEN = -1;
const POSITION = -2;
const MOST_STEPS = 1_000_000;

interface Capture {
  start: number;
  length: number;
}

class Matcher {
  readonly #subject: string;
  readonly #pattern: string;
  #captures: Capture[] = [];
  #steps = 0;

  constructor(subject: string, pattern: string) {
    this.#subject = subject;
    this.#pattern = pattern;
  }

  run(start: number, patternStart: number): boolean {
    this.#captures = [];
    if (this.#match(start, patternStart) === undefined) return false;
    if (this.#captures.some(({ length }) => length === OPEN)) {
      throw new LuaError('unfinished capture');
    }
    return true;
  }

  /** The end of the match of the pattern from `p` at `s`, or undefined. */
  #match(s: number, p: number): number | undefined {
    this.#steps += 1;
    if (this.#steps > MOST_STEPS) throw new LuaError('pattern too complex');
    const pattern = this.#pattern;
    if (p >= pattern.length) return s;
    const character = pattern[p];
    if (character === '(') return this.#openCapture(s, p);
    if (character === ')') return this.#closeCapture(s, p);
    if (character === '$' && p + 1 === pattern.length) {
      return s === this.#subject.length ? s : undefined;
    }
    if (character === '%') {
      const next = pattern[p + 1] ?? '';
      if (next === 'b') return this.#balanced(s, p);
      if (/[0-9]/.test(next)) return this.#backReference(s, p, Number(next));
    }
    return this.#quantified(s, p);
  }

  #openCapture(s: number, p: number): number | undefined {
    const isPosition = this.#pattern[p + 1] === ')';
    this.#captures.push({ start: s, length: isPosition ? POSITION : OPEN });
    const end = this.#match(s, p + (isPosition ? 2 : 1));
    if (end === undefined) this.#captures.pop();
    return end;
  }

  #closeCapture(s: number, p: number): number | undefined {
    const open = this.#captures.findLast((capture) => capture.length === OPEN);
    if (open === undefined) throw new LuaError('invalid pattern capture');
    open.length = s - open.start;
    const end = this.#match(s, p + 1);
    if (end === undefined) open.length = OPEN;
    return end;
  }

  #balanced(s: number, p: number): number | undefined {
    const [left, right] = [this.#pattern[p + 2], this.#pattern[p + 3]];
    if (left === undefined || right === undefined) throw new LuaError('unbalanced pattern');
    if (this.#subject[s] !== left) return undefined;
    let depth = 1;
    for (let index = s + 1; index < this.#subject.length; index += 1) {
      const character = this.#subject[index];
      if (character === right) depth -= 1;
      else if (character === left) depth += 1;
      if (depth === 0) return this.#match(index + 1, p + 4);
    }
    return undefined;
  }

  #backReference(s: number, p: number, number: number): number | undefined {
    const capture = this.#captures[number - 1];
    if (capture === undefined || capture.length < 0) throw new LuaError('invalid capture index');
    const text = this.#subject.slice(capture.start, capture.start + capture.length);
    return this.#subject.startsWith(text, s) ? this.#match(s + text.length, p + 2) : undefined;
  }

  #quantified(s: number, p: number): number | undefined {
    const end = this.#classEnd(p);
    const quantifier = this.#pattern[end];
    const matchesHere = (at: number) => at < this.#subject.length && this.#single(at, p, end);
    if (quantifier === '?') {
      const taken = matchesHere(s) ? this.#match(s + 1, end + 1) : undefined;
      return taken ?? this.#match(s, end + 1);
    }
    if (quantifier === '-') {
      for (let at = s; ; at += 1) {
        const found = this.#match(at, end + 1);
        if (found !== undefined) return found;
        if (!matchesHere(at)) return undefined;
      }
    }
    if (quantifier === '*' || quantifier === '+') {
      const least = quantifier === '+' ? 1 : 0;
      let count = 0;
      while (matchesHere(s + count)) count += 1;
      for (; count >= least; count -= 1) {
        const found = this.#match(s + count, end + 1);
        if (found !== undefined) return found;
      }
      return undefined;
    }
    return matchesHere(s) ? this.#match(s + 1, end) : undefined;
  }

  /** The index behind the single-character class that starts at `p`. */
  #classEnd(p: number): number {
    const character = this.#pattern[p];
    if (character === '%') {
      if (p + 1 >= this.#pattern.length) {
        throw new LuaError("malformed pattern (ends with '%')");
      }
      return p + 2;
    }
    if (character !== '[') return p + 1;
    let index = p + 1;
    if (this.#pattern[index] === '^') index += 1;
    do {
      if (index >= this.#pattern.length) throw new LuaError("malformed pattern (missing ']')");
      index += this.#pattern[index] === '%' ? 2 : 1;
    } while (this.#pattern[index] !== ']');
    return index + 1;
  }

  #single(s: number, p: number, end: number): boolean {
    const character = this.#subject[s] ?? '';
    switch (this.#pattern[p]) {
      case '.':
        return true;
      case '%':
        return inClass(character, this.#pattern[p + 1] ?? '');
      case '[':
        return this.#inSet(character, p, end - 1);
      default:
        return this.#pattern[p] === character;
    }
  }

  #inSet(character: string, p: number, last: number): boolean {
    let index = p + 1;
    const negated = this.#pattern[index] === '^';
    if (negated) index += 1;
    for (; index < last; index += 1) {
      const current = this.#pattern[index] ?? '';
      if (current === '%') {
        index += 1;
        if (inClass(character, this.#pattern[index] ?? '')) return !negated;
      } else if (this.#pattern[index + 1] === '-' && index + 2 < last) {
        const until = this.#pattern[index + 2] ?? '';
        if (current <= character && character <= until) return !negated;
        index += 2;
      } else if (current === character) {
        return !negated;
      }
    }
    return negated;
  }
}

const CLASSES: Record<string, RegExp> = {
  a: /[A-Za-z]/,
  // biome-ignore lint/suspicious/noControlCharactersInRegex: %c is the control characters
  c: /[\x00-\x1f\x7f]/,
  d: /[0-9]/,
  l: /[a-z]/,
  p: /[!-/:-@[-`{-~]/,
  s: /[ \t\n\v\f\r]/,
  u: /[A-Z]/,
  w: /[A-Za-z0-9]/,
  x: /[0-9A-Fa-f]/,
  // biome-ignore lint/suspicious/noControlCharactersInRegex: %z is the zero byte
  z: /\x00/,
};

function inClass(character: string, name: string): boolean {
  const known = CLASSES[name.toLowerCase()];
  if (known === undefined) return name === character;
  return known.test(character) === (name === name.toLowerCase());
}
