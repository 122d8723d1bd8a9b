import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConfigError } from '../../../../../src/core/config-error.ts';
import { createExecutableSource } from '../../../../../src/core/google/sources/subject-token/executable.ts';
import { thrownBy } from '../../../../cloud-run/support.ts';
import { createCleanUp, failureOf, inTime, SECRET } from './support.ts';

const NOW_SECONDS = Date.UTC(2026, 10, 23, 9) / 1000;
const ALLOWED = { GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES: '1', PATH: process.env.PATH };
const account = {
  audience: '//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q',
  subject_token_type: 'urn:ietf:params:oauth:token-type:id_token',
  impersonation: undefined,
};

const cleanUp = createCleanUp();
let directory: string;
let runs: string;
let output_file: string;
beforeEach(async () => {
  directory = await cleanUp.directory();
  runs = path.join(directory, 'runs');
  output_file = path.join(directory, 'output');
});
afterEach(() => cleanUp.run());

const response = (id_token: string, changes: object = {}) =>
  JSON.stringify({
    version: 1,
    success: true,
    token_type: account.subject_token_type,
    id_token,
    expiration_time: NOW_SECONDS + 60,
    ...changes,
  });

interface Options {
  output_file?: string;
  timeout_millis?: number;
  environment?: Record<string, string | undefined>;
  impersonation?: { endpoint: string; service_account: string };
}

function sourceOf(script: string, options: Options = {}) {
  const { timeout_millis = 5000, environment = ALLOWED, impersonation } = options;
  return createExecutableSource(
    {
      command: ['/bin/sh', '-c', `echo run >> ${runs}; ${script}`],
      timeout_millis,
      output_file: options.output_file,
    },
    { ...account, impersonation },
    { clock: () => NOW_SECONDS * 1000, environment },
  );
}

const printing = (text: string, options?: Options) => sourceOf(`echo '${text}'`, options);
const countRuns = async () => (await readFile(runs, 'utf8').catch(() => '')).length / 4;

describe('the executable source', () => {
  it.each([[undefined], [''], ['true'], ['0']])(
    'is refused where GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES is %j',
    (GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES) => {
      const environment = { GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES };
      const error = thrownBy(() => printing('', { environment }));
      expect(error).toBeInstanceOf(ConfigError);
      expect(String(error)).toContain('GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES: must be 1');
    },
  );

  it('runs it each time without an output file', async () => {
    const source = printing(response('token'));
    expect(await source.fetchSubjectToken(inTime())).toBe('token');
    expect(await source.fetchSubjectToken(inTime())).toBe('token');
    expect(await countRuns()).toBe(2);
  });

  it('tells it what it needs to know, in addition to the environment', async () => {
    const seen = path.join(directory, 'seen');
    const source = sourceOf(`env > ${seen}; echo '${response('token')}'`, {
      output_file,
      environment: { ...ALLOWED, MINE: 'own' },
      impersonation: { endpoint: 'https://x', service_account: 'a@b.iam.gserviceaccount.com' },
    });
    await source.fetchSubjectToken(inTime());
    const variables = (await readFile(seen, 'utf8')).split('\n');
    expect(variables).toEqual(
      expect.arrayContaining([
        `GOOGLE_EXTERNAL_ACCOUNT_AUDIENCE=${account.audience}`,
        `GOOGLE_EXTERNAL_ACCOUNT_TOKEN_TYPE=${account.subject_token_type}`,
        'GOOGLE_EXTERNAL_ACCOUNT_INTERACTIVE=0',
        'GOOGLE_EXTERNAL_ACCOUNT_IMPERSONATED_EMAIL=a@b.iam.gserviceaccount.com',
        `GOOGLE_EXTERNAL_ACCOUNT_OUTPUT_FILE=${output_file}`,
        'MINE=own',
      ]),
    );
  });

  it('tells it of no output file and no account where there is none', async () => {
    const seen = path.join(directory, 'seen');
    const source = sourceOf(`env > ${seen}; echo '${response('token')}'`, {
      environment: { ...ALLOWED, GOOGLE_EXTERNAL_ACCOUNT_OUTPUT_FILE: '/left/over' },
    });
    await source.fetchSubjectToken(inTime());
    expect(await readFile(seen, 'utf8')).not.toMatch(/OUTPUT_FILE|IMPERSONATED_EMAIL/);
  });

  it('does not run it while the output file has a token that is good', async () => {
    await writeFile(output_file, response('kept'));
    const source = printing(response('new'), { output_file });
    expect(await source.fetchSubjectToken(inTime())).toBe('kept');
    expect(await countRuns()).toBe(0);
  });

  it.each([
    ['expired', response(SECRET, { expiration_time: NOW_SECONDS })],
    ['without expiration', response(SECRET, { expiration_time: undefined })],
    ['of another type', response(SECRET, { token_type: 'urn:ietf:params:oauth:token-type:jwt' })],
    ['a failure', '{"version":1,"success":false,"code":"401","message":"no"}'],
    ['half written', response(SECRET).slice(0, 40)],
    ['empty', ''],
    ['too large', response(SECRET).padEnd(70_000)],
  ])('runs it where what the output file has is %s', async (_, content) => {
    await writeFile(output_file, content);
    const source = printing(response('new'), { output_file });
    expect(await source.fetchSubjectToken(inTime())).toBe('new');
    expect(await countRuns()).toBe(1);
  });

  it('runs it where the output file is a device', async () => {
    const source = printing(response('new'), { output_file: '/dev/zero' });
    expect(await source.fetchSubjectToken(inTime())).toBe('new');
  });

  it('refuses a response that is expired', async () => {
    const source = printing(response(SECRET, { expiration_time: NOW_SECONDS - 1 }));
    const reason = await failureOf(source.fetchSubjectToken(inTime()));
    expect(reason).toBe("the executable's response is expired");
  });

  it('refuses what it prints where it ends badly, though it is a token', async () => {
    const source = sourceOf(`echo '${response(SECRET)}'; exit 1`);
    const reason = await failureOf(source.fetchSubjectToken(inTime()));
    expect(reason).toBe('the executable ended with exit code 1');
  });

  it('gives up after its time', async () => {
    const source = sourceOf(`echo '${response(SECRET)}'; sleep 600`, { timeout_millis: 300 });
    expect(source.limit_ms).toBe(300);
    const reason = await failureOf(source.fetchSubjectToken(inTime()));
    expect(reason).toBe('the executable did not end within 300 ms');
  });
});
