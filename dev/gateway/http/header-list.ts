import type { LuaValue } from '../lua/value.ts';

/** What a request may carry of headers unless more are asked for (`lua_max_req_headers`). */
export const DEFAULT_MOST_HEADERS = 100;

/** Headers in the order in which they came; names and values are byte strings. */
export class HeaderList {
  #entries: [string, string][];

  constructor(entries: Iterable<[string, string]> = []) {
    this.#entries = [...entries];
  }

  /** From Node's `rawHeaders`: name, value, name, value, … */
  static fromRaw(raw: string[]): HeaderList {
    const entries: [string, string][] = [];
    for (let index = 0; index + 1 < raw.length; index += 2) {
      entries.push([raw[index] ?? '', raw[index + 1] ?? '']);
    }
    return new HeaderList(entries);
  }

  get entries(): readonly [string, string][] {
    return this.#entries;
  }

  all(name: string): string[] {
    const wanted = name.toLowerCase();
    return this.#entries.filter(([key]) => key.toLowerCase() === wanted).map(([, value]) => value);
  }

  first(name: string): string | undefined {
    return this.all(name)[0];
  }

  has(name: string): boolean {
    return this.all(name).length > 0;
  }

  remove(name: string): void {
    const wanted = name.toLowerCase();
    this.#entries = this.#entries.filter(([key]) => key.toLowerCase() !== wanted);
  }

  add(name: string, value: string): void {
    if (name === '') return;
    this.#entries.push([escapeName(name), escapeValue(value)]);
  }

  /** Replaces all values; the first stays where a header of that name was. */
  set(name: string, values: string[]): void {
    const wanted = name.toLowerCase();
    const index = this.#entries.findIndex(([key]) => key.toLowerCase() === wanted);
    const [first, ...rest] = values;
    const former = this.#entries[index];
    if (first === undefined || former === undefined) {
      this.remove(name);
      for (const value of values) this.add(name, value);
      return;
    }
    this.#entries = this.#entries.filter(
      ([key], at) => at === index || key.toLowerCase() !== wanted,
    );
    this.#entries[index] = [former[0], escapeValue(first)];
    for (const value of rest) this.add(name, value);
  }

  copy(): HeaderList {
    return new HeaderList(this.#entries);
  }

  /**
   * As `ngx.req.get_headers()`: lower-case names, a list where a header is repeated, at most so many
   * headers.
   */
  toTable(most = DEFAULT_MOST_HEADERS): Map<string, LuaValue> {
    const table = new Map<string, LuaValue>();
    for (const [key, value] of this.#entries.slice(0, most)) {
      const name = key.toLowerCase();
      const former = table.get(name);
      if (former === undefined) table.set(name, value);
      else if (Array.isArray(former)) former.push(value);
      else table.set(name, [former, value]);
    }
    return table;
  }

  /** `headers[name]` on that table: an underscore also finds a dash, a dash no underscore. */
  lookUp(name: string, most?: number): LuaValue {
    const table = this.toTable(most);
    const key = name.toLowerCase();
    return table.get(key) ?? table.get(key.replaceAll('_', '-'));
  }

  /**
   * nginx's `$http_<name>`: the values of all headers whose name is this one when dashes count as
   * underscores, joined.
   */
  variable(name: string): string | undefined {
    const wanted = name.toLowerCase().replaceAll('-', '_');
    const values = this.#entries
      .filter(([key]) => key.toLowerCase().replaceAll('-', '_') === wanted)
      .map(([, value]) => value);
    if (values.length === 0) return undefined;
    return values.join(wanted === 'cookie' ? '; ' : ', ');
  }
}

/** Control characters are escaped as the Lua module of nginx does, so no header can be smuggled in. */
function escapeValue(value: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to escape
  return value.replace(/[\x00-\x08\x0a-\x1f\x7f]/g, percent);
}

function escapeName(name: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to escape
  return name.replace(/[\x00-\x20"(),/:;<=>?@[\\\]{}\x7f-\xff]/g, percent);
}

function percent(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
}
