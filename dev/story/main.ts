/** Tells the story to parts that run elsewhere, e.g. in containers: `docker compose run --rm story`. */
import { readFile } from 'node:fs/promises';
import { createClock } from '../clock/clock.ts';
import { catchSignals, unlessAborted } from './interruption.ts';
import { parseOptions, UsageError } from './parse-options.ts';
import { runProgram } from './run-program.ts';
import { tellStory } from './tell-story.ts';

const USAGE = `usage: main.ts --clock-file FILE --log FILE [options]

  --clock-file FILE    the clock that the plugin server and the stand-ins follow
  --log FILE           where the plugin server's standard error goes
  --gateway URL        default http://127.0.0.1:8000
  --issuer URL         default http://127.0.0.1:4000
  --staging URL        the Cloud Run service tasks-staging; default http://127.0.0.1:4002
  --help               print this`;

async function main(): Promise<number> {
  const options = parseOptions({
    gateway: { type: 'string', default: 'http://127.0.0.1:8000' },
    issuer: { type: 'string', default: 'http://127.0.0.1:4000' },
    staging: { type: 'string', default: 'http://127.0.0.1:4002' },
    'clock-file': { type: 'string' },
    log: { type: 'string' },
    help: { type: 'boolean', default: false },
  });
  if (options.help) {
    console.log(USAGE);
    return 0;
  }
  const { 'clock-file': clockFile, log } = options;
  if (clockFile === undefined) throw new UsageError('--clock-file is missing');
  if (log === undefined) throw new UsageError('--log is missing');

  const signal = catchSignals();
  const clock = createClock(clockFile);
  try {
    const failed = await unlessAborted(
      signal,
      tellStory({
        gatewayUrl: options.gateway,
        stagingUrl: options.staging,
        issuer: options.issuer,
        clock,
        log: async () => (await readFile(log, 'utf8')).split('\n'),
      }),
    );
    return failed === 0 ? 0 : 1;
  } finally {
    clock.reset();
  }
}

await runProgram(main, USAGE);
