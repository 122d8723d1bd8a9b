import type { Path } from './render-path.ts';

/**
 * The reverse of `renderPath`.
 *
 * @param text such as `services[0].routes[1]`; a key with a dot or brackets in it comes out as several
 */
export function parsePath(text: string): Path {
  return text.split(/\.|(?=\[\d+\])/).map((step) => {
    const [, index] = /^\[(\d+)\]$/.exec(step) ?? [];
    return index === undefined ? step : Number(index);
  });
}
