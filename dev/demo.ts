/** `npm run demo`: the whole chain on this machine, told as a story. `--keep` leaves it running. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { createClock, installClock } from './clock/clock.ts';
import { getToken } from './identity-provider/get-token.ts';
import { tellStory } from './story/tell-story.ts';

const { values } = parseArgs({ options: { keep: { type: 'boolean', default: false } } });

const directory = mkdtempSync(path.join(tmpdir(), 'demo-'));
const clock = createClock(path.join(directory, 'clock'));
// Before anything that takes hold of Date is loaded.
installClock(clock.file);
const { startStack } = await import('./stack/start-stack.ts');

const began = performance.now();
const seconds = () => `${((performance.now() - began) / 1000).toFixed(1)} s`;
console.log('Starting on loopback, for development and test only:');
const stack = await startStack({
  preferDefaultPorts: true,
  clock,
  kongBin: process.env.KONG_BIN,
  onProgress: (part) => console.log(`  ${part} (${seconds()})`),
});

try {
  console.log(
    `\nThe story (policy.yaml decides, kong.yml wires it), told at ${stack.gateway.url}:\n`,
  );
  const failed = await tellStory({
    gatewayUrl: stack.gateway.url,
    stagingUrl: stack.staging.url,
    issuer: stack.identityProvider.issuer,
    clock,
    log: async () => stack.pluginServer.lines(),
  });
  console.log(`Told in ${seconds()}.`);
  if (failed > 0)
    console.log(`\nThe plugin server wrote:\n${stack.pluginServer.lines().join('\n')}`);
  if (values.keep) await keep();
  process.exitCode = failed === 0 ? 0 : 1;
} finally {
  await stack.stop();
  rmSync(directory, { recursive: true, force: true });
}

/** Back to the real time, so that what is pasted behaves as the reader's own clock says. */
async function keep(): Promise<void> {
  clock.reset();
  const url = stack.gateway.url;
  const issuer = stack.identityProvider.issuer;
  const token = (user: string) => getToken(issuer, { user, expiresInSeconds: 3600 });
  console.log(`
Everything stays up; press Ctrl-C to end it. Tokens below are good for an hour.

# refused: 401 missing_token
curl -i ${url}/staging/tasks/7

# allowed: bob is an engineer
curl -i ${url}/staging/tasks/7 -H 'Authorization: Bearer ${await token('bob')}'

# allowed on weekdays from 9 to 17 in Berlin: alice is a QA lead
curl -i -X POST ${url}/staging/tasks/7 -H 'Authorization: Bearer ${await token('alice')}'

# public
curl -i ${url}/handbook
`);
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
}
