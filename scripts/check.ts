/** `npm run check`: every script of package.json that begins with `check:`, all at once; fails where any of them does. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '..');
const { scripts }: { scripts: Record<string, string> } = JSON.parse(
  await readFile(path.join(root, 'package.json'), 'utf8'),
);
const checks = Object.keys(scripts).filter((name) => name.startsWith('check:'));

const passed = await Promise.all(checks.map(check));
process.exitCode = passed.every(Boolean) ? 0 : 1;

/** Prints what a check has written once it has ended, so that the output of several does not mix. */
async function check(name: string): Promise<boolean> {
  const child = spawn('npm', ['run', '--silent', name], {
    cwd: root,
    env: { ...process.env, ...(process.stdout.isTTY && { FORCE_COLOR: '1' }) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const [code, signal] = await once(child, 'close');
  process.stdout.write(`${code === 0 ? 'passed' : 'FAILED'}: ${name}\n${output}`);
  if (signal !== null) process.stdout.write(`${name} was ended by ${signal}\n`);
  return code === 0;
}
