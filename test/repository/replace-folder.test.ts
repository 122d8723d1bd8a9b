import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { replaceFolder } from '../../scripts/build/replace-folder.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'replace-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

function folder(name: string): string {
  const made = path.join(directory, name);
  mkdirSync(made);
  for (const file of ['a', 'b']) writeFileSync(path.join(made, file), name);
  return made;
}

it('puts a folder where there is none, and in place of one', async () => {
  const place = path.join(directory, 'dist');
  await replaceFolder(place, folder('first'));
  await replaceFolder(place, folder('second'));
  expect(readFileSync(path.join(place, 'a'), 'utf8')).toBe('second');
  expect(readdirSync(directory)).toEqual(['dist']);
});

it('leaves one whole folder where many builds end at once', async () => {
  const place = path.join(directory, 'dist');
  const builds = Array.from({ length: 20 }, (_, index) => folder(`build-${index}`));
  await Promise.all(builds.map((build) => replaceFolder(place, build)));
  expect(readdirSync(directory)).toEqual(['dist']);
  expect(readdirSync(place)).toEqual(['a', 'b']);
  expect(readFileSync(path.join(place, 'a'))).toEqual(readFileSync(path.join(place, 'b')));
});
