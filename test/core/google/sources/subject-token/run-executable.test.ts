import { execFile } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runExecutable } from '../../../../../src/core/google/sources/subject-token/run-executable.ts';
import { createCleanUp, failureOf, inTime, SECRET } from './support.ts';

const cleanUp = createCleanUp();
let directory: string;
beforeEach(async () => {
  directory = await cleanUp.directory();
});
afterEach(() => cleanUp.run());

function run(
  command: readonly [string, ...string[]],
  { signal = inTime(), environment = {} as Record<string, string | undefined> } = {},
): Promise<string> {
  return runExecutable(command, {
    environment: { PATH: process.env.PATH, ...environment },
    max_bytes: 1000,
    signal,
  });
}

const shell = (script: string, options?: Parameters<typeof run>[1]) =>
  run(['/bin/sh', '-c', script], options);

/** Lasts as long as somebody has the other end open; `opened` tells when somebody does. */
async function lifeline() {
  const fifo = path.join(directory, 'lifeline');
  await promisify(execFile)('mkfifo', [fifo]);
  const stream = createReadStream(fifo);
  const opened = new Promise((resolve) => stream.once('open', resolve));
  return { fifo, opened, ended: text(stream) };
}

describe('an executable', () => {
  it('is run with its arguments and environment, and gives what it prints', async () => {
    const output = await run(['/bin/sh', '-c', 'echo "$1 $NAME $GONE."', 'sh', 'a  b $(x)'], {
      environment: { NAME: 'value', GONE: undefined },
    });
    expect(output).toBe('a  b $(x) value .\n');
  });

  it('has nothing to read', async () => {
    expect(await shell('cat; echo done')).toBe('done\n');
  });

  it('is not heard on standard error', async () => {
    expect(await shell(`echo ${SECRET} >&2; echo output`)).toBe('output\n');
  });

  it.each([
    ['fails', `echo ${SECRET}; echo ${SECRET} >&2; exit 3`, 'ended with exit code 3'],
    ['kills itself', `echo ${SECRET}; kill -9 $$`, 'ended by signal SIGKILL'],
    ['is no command', SECRET, 'ended with exit code 127'],
  ])('that %s is told by that alone', async (_, script, end) => {
    expect(await failureOf(shell(script))).toBe(`the executable ${end}`);
  });

  it('that is not there is told', async () => {
    const reason = await failureOf(run([path.join(directory, 'none'), SECRET]));
    expect(reason).toBe('the executable cannot be run: ENOENT');
  });

  it('that may not be executed is told', async () => {
    const file = path.join(directory, 'plain');
    await writeFile(file, SECRET, { mode: 0o600 });
    expect(await failureOf(run([file, SECRET]))).toBe('the executable cannot be run: EACCES');
  });

  it('with an argument that the system does not take is told without it', async () => {
    const reason = await failureOf(run(['/bin/sh', `${SECRET}\0`]));
    expect(reason).toBe('the executable cannot be run: ERR_INVALID_ARG_VALUE');
  });

  it('that prints without end is killed', async () => {
    const { fifo, ended } = await lifeline();
    const reason = await failureOf(shell(`exec 3> ${fifo}; sleep 600 & yes ${SECRET}`));
    expect(reason).toBe('the executable printed more than 1000 bytes');
    await ended;
  });

  it('may print all that is allowed', async () => {
    expect(await shell('head -c 1000 /dev/zero')).toHaveLength(1000);
    expect(await failureOf(shell('head -c 1001 /dev/zero'))).toContain('more than 1000 bytes');
  });

  it('is killed with its children when it is told to stop', async () => {
    const { fifo, opened, ended } = await lifeline();
    const controller = new AbortController();
    const running = shell(`trap '' TERM; exec 3> ${fifo}; sleep 600 & wait`, {
      signal: controller.signal,
    });
    await opened;
    const reason = new Error('enough');
    controller.abort(reason);
    await expect(running).rejects.toBe(reason);
    await ended;
  });

  it('is not even started when it is told to stop before', async () => {
    const marker = path.join(directory, 'started');
    const reason = new Error('enough');
    const running = shell(`: > ${marker}`, { signal: AbortSignal.abort(reason) });
    await expect(running).rejects.toBe(reason);
    await expect(readFile(marker)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('takes with it what it leaves behind, and is not waited for because of that', async () => {
    const { fifo, ended } = await lifeline();
    const running = shell(`exec 3> ${fifo}; sleep 600 & echo output`);
    expect(await running).toBe('output\n');
    await ended;
  });

  it('is given up in time even where something that left its group holds its output', async () => {
    const { fifo, ended } = await lifeline();
    const script = `
      const { spawn } = require('node:child_process');
      const left = spawn('/bin/sleep', ['600'], { detached: true, stdio: ['ignore', 'inherit', 'ignore'] });
      require('node:fs').writeFileSync(${JSON.stringify(fifo)}, String(left.pid));
      left.unref();
    `;
    const reason = new Error('late');
    const controller = new AbortController();
    const running = run([process.execPath, '-e', script], { signal: controller.signal });
    const pid = Number(await ended);
    try {
      controller.abort(reason);
      await expect(running).rejects.toBe(reason);
    } finally {
      process.kill(pid, 'SIGKILL');
    }
  });

  it('has no reader any more once it printed too much, not even from outside of its group', async () => {
    const { fifo, ended } = await lifeline();
    const script = `
      const { spawn } = require('node:child_process');
      const options = { detached: true, stdio: ['ignore', 'inherit', 'ignore'] };
      spawn('/bin/sh', ['-c', ${JSON.stringify(`exec 3> ${fifo}; yes`)}], options).unref();
    `;
    expect(await failureOf(run([process.execPath, '-e', script]))).toContain(
      'more than 1000 bytes',
    );
    await ended;
  });
});

describe('a process that ends', () => {
  it('leaves no program behind', async () => {
    const { fifo, opened, ended } = await lifeline();
    const module = path.resolve('src/core/google/sources/subject-token/run-executable.ts');
    const program = `
      import { runExecutable } from ${JSON.stringify(module)};
      void runExecutable(['/bin/sh', '-c', 'exec sleep 60 > "$LIFELINE"'], {
        environment: process.env,
        max_bytes: 100,
        signal: new AbortController().signal,
      });
      process.stdin.once('data', () => process.exit(0));`;
    const child = execFile(
      process.execPath,
      ['--import', 'tsx', '--input-type=module', '--eval', program],
      { env: { ...process.env, LIFELINE: fifo }, timeout: 20_000 },
    );
    await opened;
    child.stdin?.write('end');
    expect(await ended).toBe('');
  }, 30_000);
});
