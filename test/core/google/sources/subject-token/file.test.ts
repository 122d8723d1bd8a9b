import { execFile } from 'node:child_process';
import { mkdir, rename, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createFileSource } from '../../../../../src/core/google/sources/subject-token/file.ts';
import { createCleanUp, failureOf, inTime, SECRET } from './support.ts';

const TEXT = { type: 'text' } as const;
const JSON_FORMAT = { type: 'json', subject_token_field_name: 'id_token' } as const;

const cleanUp = createCleanUp();
let directory: string;
let file: string;
beforeEach(async () => {
  directory = await cleanUp.directory();
  file = path.join(directory, 'token');
});
afterEach(() => cleanUp.run());

const fetchText = () => createFileSource({ file, format: TEXT }).fetchSubjectToken(inTime());
const fetchJson = () => createFileSource({ file, format: JSON_FORMAT }).fetchSubjectToken(inTime());

describe('the file source', () => {
  it('gives the text of the file without the space around it', async () => {
    await writeFile(file, `\uFEFF ${SECRET}\r\n`);
    expect(await fetchText()).toBe(SECRET);
  });

  it('gives the named field of JSON', async () => {
    await writeFile(file, JSON.stringify({ other: 'x', id_token: SECRET }));
    expect(await fetchJson()).toBe(SECRET);
  });

  it('follows a projected volume, whose token Kubernetes replaces', async () => {
    for (const version of ['first', 'second']) {
      await mkdir(path.join(directory, version));
      await writeFile(path.join(directory, version, 'token'), version);
    }
    await symlink('first', path.join(directory, '..data'));
    await symlink('..data/token', file);
    const source = createFileSource({ file, format: TEXT });
    expect(await source.fetchSubjectToken(inTime())).toBe('first');
    await symlink('second', path.join(directory, '..data_tmp'));
    await rename(path.join(directory, '..data_tmp'), path.join(directory, '..data'));
    expect(await source.fetchSubjectToken(inTime())).toBe('second');
  });

  it('says that there is no file', async () => {
    const reason = await failureOf(fetchText());
    expect(reason).toBe("the subject token's file cannot be read: ENOENT");
  });

  it('refuses a directory', async () => {
    await mkdir(file);
    expect(await failureOf(fetchText())).toBe("the subject token's file is not a regular file");
  });

  it('refuses a FIFO at once, though nobody writes to it', async () => {
    await promisify(execFile)('mkfifo', [file]);
    expect(await failureOf(fetchText())).toBe("the subject token's file is not a regular file");
  });

  it('refuses a device', async () => {
    await symlink('/dev/zero', file);
    expect(await failureOf(fetchText())).toBe("the subject token's file is not a regular file");
  });

  it('reads 64 KB and no more', async () => {
    await writeFile(file, 'x'.repeat(65_536));
    expect(await fetchText()).toHaveLength(65_536);
    await writeFile(file, SECRET.padEnd(65_537, 'x'));
    expect(await failureOf(fetchText())).toBe("the subject token's file has more than 65536 bytes");
  });

  it.each([
    ['nothing', '', 'is empty'],
    ['space', ' \n', 'is empty'],
    ['two lines', `${SECRET}\n${SECRET}`, 'holds something else'],
    ['bytes', `${SECRET}\u0000`, 'holds something else'],
    ['umlauts', `${SECRET}ü`, 'holds something else'],
  ])('refuses %s as text', async (_, content, problem) => {
    await writeFile(file, content);
    expect(await failureOf(fetchText())).toBe(`the subject token's file ${problem}`);
  });

  const NO_FIELD = 'has no string in the field that subject_token_field_name names';
  it.each([
    ['broken JSON', `{"id_token":"${SECRET}"`, 'holds no JSON object'],
    ['an array', `["${SECRET}"]`, 'holds no JSON object'],
    ['null', 'null', 'holds no JSON object'],
    ['another field', `{"token":"${SECRET}"}`, NO_FIELD],
    ['an object in the field', `{"id_token":{"a":"${SECRET}"}}`, NO_FIELD],
    ['an empty field', '{"id_token":""}', 'is empty'],
    ['a field on two lines', `{"id_token":"${SECRET}\\r\\nx: y"}`, 'holds something else'],
  ])('refuses %s as JSON', async (_, content, problem) => {
    await writeFile(file, content);
    expect(await failureOf(fetchJson())).toBe(`the subject token's file ${problem}`);
  });

  it('takes no field that every object has', async () => {
    await writeFile(file, '{}');
    const format = { type: 'json', subject_token_field_name: 'constructor' } as const;
    const source = createFileSource({ file, format });
    expect(await failureOf(source.fetchSubjectToken(inTime()))).toContain(NO_FIELD);
  });
});
