import { chmodSync, mkdirSync, readdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createBundleCache } from '../../../src/policy/source/bundle-cache.ts';
import { createDirectory, type Directory } from './support.ts';

const URL_A = 'https://policies.example.com/a';
const URL_B = 'https://policies.example.com/b';

let directory: Directory;
let place: string;
const cacheOf = (url: string, maxBytes = 1000) => createBundleCache(place, url, maxBytes);
const only = () => path.join(place, readdirSync(place)[0] ?? '');
beforeEach(() => {
  directory = createDirectory();
  place = directory.path('cache');
});
afterEach(() => directory.remove());

describe('the policies that are kept on disk', () => {
  it('are none at first', async () => {
    expect(await cacheOf(URL_A).read()).toBeNull();
  });

  it('are one for each URL, the last that was written', async () => {
    for (const body of ['1', '2']) await cacheOf(URL_A).write(body);
    await cacheOf(URL_B).write('3');
    expect(await cacheOf(URL_A).read()).toBe('2');
    expect(await cacheOf(URL_B).read()).toBe('3');
    expect(readdirSync(place)).toHaveLength(2);
  });

  it('are whole, however many processes write at once', async () => {
    const bodies = Array.from({ length: 20 }, (_, index) => String(index).repeat(400));
    await Promise.all(bodies.map((body) => cacheOf(URL_A).write(body)));
    expect(bodies).toContain(await cacheOf(URL_A).read());
    expect(readdirSync(place)).toHaveLength(1);
  });

  it.each<[string, () => void, RegExp]>([
    ['others may write to', () => chmodSync(only(), 0o620), /is not this user's alone to write/],
    [
      'is a symbolic link',
      () => {
        const file = only();
        renameSync(file, directory.path('elsewhere'));
        symlinkSync(directory.path('elsewhere'), file);
      },
      /cannot be read: ELOOP/,
    ],
    [
      'is a directory',
      () => {
        const file = only();
        renameSync(file, directory.path('elsewhere'));
        mkdirSync(file);
      },
      /is not a regular file/,
    ],
    ['is cut short', () => writeFileSync(only(), '{"url":'), /is not what was written/],
    ['is too long', () => writeFileSync(only(), ' '.repeat(20_000)), /is too long/],
  ])('are not used where their file %s', async (_, spoil, problem) => {
    await cacheOf(URL_A).write('1');
    spoil();
    await expect(cacheOf(URL_A).read()).rejects.toThrow(problem);
  });

  it('are not taken for those of another URL', async () => {
    await cacheOf(URL_A).write('1');
    const file = only();
    await cacheOf(URL_B).write('2');
    const other = readdirSync(place).find((name) => name !== path.basename(file)) ?? '';
    renameSync(path.join(place, other), file);
    await expect(cacheOf(URL_A).read()).rejects.toThrow(/is not what was written/);
  });
});
