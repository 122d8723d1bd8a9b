import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { PLUGINS, REPOSITORY } from '../../dev/stack/start-stack.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'dist-'));
  cpSync(path.join(REPOSITORY, 'dist'), folder, { recursive: true });
});
afterAll(() => rmSync(folder, { recursive: true }));

it.each(PLUGINS)('describes %s from dist/ alone, as plugin-info/ has it', (name) => {
  const program = path.join(folder, 'cloud-run-auth.cjs');
  // By its own first line and executable bit, as Kong's query_cmd runs it.
  const printed = execFileSync(program, ['describe-plugin', name], { cwd: '/', encoding: 'utf8' });
  expect(printed).toBe(readFileSync(path.join(folder, 'plugin-info', `${name}.json`), 'utf8'));
  const { Protocol, Plugins } = JSON.parse(printed);
  expect(Protocol).toBe('ProtoBuf:1');
  const stock = path.join(folder, 'plugin-info/stock', `${name}.json`);
  expect(Plugins).toEqual(JSON.parse(readFileSync(stock, 'utf8')));
});
