/** Tells the story to parts that run elsewhere, e.g. in containers: `docker compose run --rm story`. */
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { createClock } from '../clock/clock.ts';
import { tellStory } from './tell-story.ts';

const { values } = parseArgs({
  options: {
    gateway: { type: 'string', default: 'http://127.0.0.1:8000' },
    issuer: { type: 'string', default: 'http://127.0.0.1:4000' },
    staging: { type: 'string', default: 'http://127.0.0.1:4002' },
    /** The clock file that the plugin server and the stand-ins follow. */
    'clock-file': { type: 'string' },
    /** Where the plugin server's standard error goes. */
    log: { type: 'string' },
  },
});
const { 'clock-file': clockFile, log } = values;
if (clockFile === undefined || log === undefined) {
  console.error(
    'usage: main.ts --clock-file FILE --log FILE [--gateway URL] [--issuer URL] [--staging URL]',
  );
  process.exit(2);
}

const clock = createClock(clockFile);
try {
  const failed = await tellStory({
    gatewayUrl: values.gateway,
    stagingUrl: values.staging,
    issuer: values.issuer,
    clock,
    log: async () => (await readFile(log, 'utf8')).split('\n'),
  });
  process.exitCode = failed === 0 ? 0 : 1;
} finally {
  clock.reset();
}
