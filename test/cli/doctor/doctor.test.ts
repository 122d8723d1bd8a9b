import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { checksFor, LOCAL_CHECKS } from '../../../src/cli/doctor/checks.ts';
import { examine } from '../../../src/cli/doctor/examine.ts';
import { renderReport } from '../../../src/cli/doctor/render-report.ts';
import { styleOf } from '../../../src/cli/doctor/style.ts';
import { summarize } from '../../../src/cli/doctor/summarize.ts';
import { Malfunction } from '../../../src/core/malfunction.ts';
import { runProgram } from '../run-program.ts';
import { CHAIN, kongYml, subjectOf, TOOLS, write } from './support.ts';

const ROOT = path.resolve(import.meta.dirname, '../../..');
const doctor = (...args: string[]) => runProgram('doctor', ...args);

const GOOD = () => write('good.yml', kongYml({}));
const BAD = () => write('bad.yml', kongYml({ plugins: CHAIN.slice(2) }));
const WARNED = () => write('warned.yml', kongYml({ plugins: ['{ name: cors }'] }));

describe('doctor', () => {
  it.each([
    ['nothing is wrong', GOOD, [], 0],
    ['something is wrong', BAD, [], 1],
    ['there are warnings', WARNED, [], 0],
    ['there are warnings and they count', WARNED, ['--strict'], 1],
  ])('where %s, ends accordingly', async (_, file, more, code) => {
    const ran = await doctor(file(), '--offline', ...more);
    expect({ code: ran.code, err: ran.err }).toEqual({ code, err: '' });
  });

  it.each([
    ['a file that is not there', ['nowhere.yml'], 'there is no such file'],
    ['a file that Kong would not read', [], 'kong.yml:1:1: must be a map'],
    [
      'a gateway by plain http elsewhere',
      ['GOOD', '--gateway', 'http://api.example.com'],
      'Expected the address of a gateway',
    ],
    [
      'a gateway with a path',
      ['GOOD', '--gateway', 'https://api.example.com/x'],
      'Expected the address of a gateway',
    ],
    ['a token without a gateway', ['GOOD', '--token-env', 'T'], 'are for --gateway'],
    [
      'two tokens',
      ['GOOD', '--gateway', 'http://127.0.0.1:1', '--token-env', 'T', '--token-file', 'f'],
      'cannot be used with',
    ],
    [
      'a token that is none',
      ['GOOD', '--gateway', 'http://127.0.0.1:1', '--token-env', 'DOCTOR_NO_TOKEN'],
      'holds no access token',
    ],
    [
      'a path that is none',
      ['GOOD', '--gateway', 'http://127.0.0.1:1', '--path', '//evil.example'],
      'Expected a path',
    ],
    ['a service of another form', ['GOOD', '--service', 'tasks'], 'expected ROUTE=projects/'],
  ])('cannot be carried out with %s: 2', async (_, args, message) => {
    const files =
      args.length === 0
        ? [write('kong.yml', '[]')]
        : args.map((arg) => (arg === 'GOOD' ? GOOD() : arg));
    const ran = await doctor(...files, '--offline');
    expect({ code: ran.code, out: ran.out }).toEqual({ code: 2, out: '' });
    expect(ran.err).toContain(message);
  });

  it('prints one JSON object with --json', async () => {
    const { out } = await doctor(BAD(), '--offline', '--json');
    const report = JSON.parse(out);
    expect(Object.keys(report)).toEqual(['file', 'findings', 'summary']);
    expect(report.summary).toEqual({
      routes: 1,
      errors: 2,
      warnings: 0,
      infos: expect.any(Number),
      oks: expect.any(Number),
    });
    expect(report.findings[0]).toEqual({
      check: expect.any(String),
      severity: expect.any(String),
      message: expect.any(String),
    });
  });

  it('prints words, one finding a line and its remedy below, where no terminal reads it', async () => {
    const { out } = await doctor(BAD(), '--offline');
    expect(out).not.toContain('\x1b');
    expect(out).toMatch(
      /^route tasks\n {2}error: chain: cloud-run-token needs .*\n {6}- \{ name: policy-evaluator/m,
    );
    expect(out).toMatch(/\n1 route: 2 errors, 0 warnings, \d+ notes?\n$/);
  });
});

describe("the repository's own configurations", () => {
  const examples = readdirSync(path.join(ROOT, 'examples'), { recursive: true, encoding: 'utf8' });
  const files = ['kong.yml', ...examples.map((file) => `examples/${file}`)].filter(
    (file) => path.basename(file) === 'kong.yml',
  );

  it('are there', () => {
    expect(files.length).toBeGreaterThan(5);
  });

  it.each(files)('%s has no errors and no warnings', async (file) => {
    const { out } = await doctor(path.join(ROOT, file), '--offline', '--json');
    const wrong = JSON.parse(out).findings.filter(
      ({ severity }: { severity: string }) => severity === 'error' || severity === 'warning',
    );
    expect(wrong).toEqual([]);
  });
});

describe('the checks', () => {
  it('have findings under their own names', async () => {
    const found = await examine(subjectOf({}), LOCAL_CHECKS, TOOLS);
    for (const { check } of found) expect(Object.keys(LOCAL_CHECKS)).toContain(check);
    expect(new Set(found.map(({ check }) => check)).size).toBeGreaterThan(10);
  });

  it('do not hide each other: those of the network come on top', () => {
    const online = Object.keys(checksFor(false, new Map()));
    expect(online.slice(0, Object.keys(LOCAL_CHECKS).length)).toEqual(Object.keys(LOCAL_CHECKS));
    expect(online.length).toBeGreaterThan(Object.keys(LOCAL_CHECKS).length);
  });

  it('all stand in the documentation', () => {
    const page = readFileSync(path.join(ROOT, 'docs/doctor.md'), 'utf8');
    for (const name of Object.keys(checksFor(false, new Map())))
      expect(page).toContain(`| \`${name}\` |`);
  });

  it('go on where one cannot be carried out, and tell nothing that may be secret', async () => {
    const checks = {
      broken: () => Promise.reject(new Error('s3cret')),
      known: () => Promise.reject(new Malfunction('the disk is full')),
      fine: () => Promise.resolve([{ check: 'fine', severity: 'ok', message: 'Well.' } as const]),
    };
    expect(await examine(subjectOf({}), checks, TOOLS)).toEqual([
      { check: 'broken', severity: 'error', message: 'The check could not be carried out: Error.' },
      {
        check: 'known',
        severity: 'error',
        message: 'The check could not be carried out: the disk is full.',
      },
      { check: 'fine', severity: 'ok', message: 'Well.' },
    ]);
  });
});

describe('a report', () => {
  const subject = subjectOf({});
  const found = [
    { check: 'chain', severity: 'error', message: 'It is \x1b[2Jbroken.', fix: 'mend it' } as const,
  ];
  const render = (isTerminal: boolean, environment: Record<string, string>) =>
    renderReport(
      { ...subject, file: 'kong.yml' },
      found,
      summarize(subject, found),
      styleOf(isTerminal, environment),
    );

  it('has signs and colors on a terminal', () => {
    expect(render(true, {})).toContain('\x1b[31m✗\x1b[0m chain: ');
  });

  it('honours NO_COLOR', () => {
    expect(render(true, { NO_COLOR: '1' })).toBe(
      'kong.yml\n  ✗ chain: It is \\u{1b}[2Jbroken.\n      mend it\n\n1 route: 1 error, 0 warnings, 0 notes\n',
    );
  });
});
