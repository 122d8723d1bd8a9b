import type { LuaValue } from '../lua/value.ts';
import { HeaderList } from './header-list.ts';

/** Headers of which nginx keeps one value: a list set by a plugin comes down to its last. */
const SINGLE = new Set([
  'server',
  'date',
  'content-encoding',
  'location',
  'refresh',
  'last-modified',
  'content-range',
  'accept-ranges',
  'www-authenticate',
  'expires',
  'e-tag',
  'etag',
  'content-length',
  'content-type',
]);

/** Response headers as `ngx.header` sets them, where an underscore in a name is a dash. */
export class ResponseHeaders {
  readonly list = new HeaderList();

  set(name: string, values: string[]): void {
    const key = name.replaceAll('_', '-');
    const last = values.at(-1);
    this.list.set(key, SINGLE.has(key.toLowerCase()) && last !== undefined ? [last] : values);
  }

  add(name: string, value: string): void {
    const key = name.replaceAll('_', '-');
    if (SINGLE.has(key.toLowerCase())) this.list.set(key, [value]);
    else this.list.add(key, value);
  }

  clear(name: string): void {
    this.list.remove(name.replaceAll('_', '-'));
  }

  get(name: string): LuaValue {
    return this.list.lookUp(name);
  }
}
