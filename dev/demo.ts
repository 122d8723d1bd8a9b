/** `npm run demo`: the whole chain on this machine, told as a story. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createClock, type DevClock, installClock } from './clock/clock.ts';
import { getToken } from './identity-provider/get-token.ts';
import type { PluginServerKind } from './stack/plugin-server.ts';
import { describeMoved } from './stack/ports.ts';
import type { Stack } from './stack/start-stack.ts';
import { catchSignals, unlessAborted } from './story/interruption.ts';
import { parseOptions, UsageError } from './story/parse-options.ts';
import { printRequests } from './story/print-requests.ts';
import { runProgram } from './story/run-program.ts';
import { tellStory } from './story/tell-story.ts';

const USAGE = `usage: npm run demo -- [options]

Starts an identity provider, stand-ins for Google and for two Cloud Run services, the plugin server with the three
plugins, and a stand-in for Kong, all on loopback, and sends the requests of a story through them.

  --keep                        leave everything running afterwards, and print requests to paste
  --plugin-server ours|stock    what runs the plugins: cloud-run-auth serve (default), or kong-js-pluginserver
  --help                        print this

KONG_BIN=/path/to/kong npm run demo    runs a real Kong in place of its stand-in`;

const repository = path.resolve(import.meta.dirname, '..');
const began = performance.now();
const seconds = () => `${((performance.now() - began) / 1000).toFixed(1)} s`;

async function demo(): Promise<number> {
  const options = parseOptions({
    keep: { type: 'boolean', default: false },
    'plugin-server': { type: 'string', default: 'ours' },
    help: { type: 'boolean', default: false },
  });
  if (options.help) {
    console.log(USAGE);
    return 0;
  }
  const kind = pluginServerKind(options['plugin-server']);
  if (!existsSync(path.join(repository, 'dist/cloud-run-auth.cjs'))) {
    throw new UsageError('dist/ is not built: run `npm run build` first, or use `npm run demo`');
  }

  const signal = catchSignals();
  signal.addEventListener('abort', () => console.log('\nStopping.'));
  const directory = mkdtempSync(path.join(tmpdir(), 'demo-'));
  let stack: Stack | undefined;
  try {
    const clock = createClock(path.join(directory, 'clock'));
    // Before anything that takes hold of Date is loaded.
    installClock(clock.file);
    await checkPolicy();
    stack = await start(kind, clock, signal);
    const failed = await unlessAborted(signal, tell(stack));
    if (options.keep) await keep(stack, signal);
    return failed === 0 ? 0 : 1;
  } catch (error) {
    // Ctrl-C reaches all processes of a terminal, and what they make of it is no news.
    throw signal.aborted ? signal.reason : error;
  } finally {
    await stack?.stop().catch((error: unknown) => console.error(error));
    rmSync(directory, { recursive: true, force: true });
  }
}

function pluginServerKind(text: string): PluginServerKind {
  if (text === 'ours' || text === 'stock') return text;
  throw new UsageError(`--plugin-server is ours or stock, not ${text}`);
}

/** A policy that does not load refuses every request, and that would be a long story. */
async function checkPolicy(): Promise<void> {
  const { loadPolicy } = await import('../src/policy/load-policy.ts');
  loadPolicy(readFileSync(path.join(repository, 'policy.yaml'), 'utf8'), 'policy.yaml');
}

async function start(kind: PluginServerKind, clock: DevClock, signal: AbortSignal): Promise<Stack> {
  const { startStack } = await import('./stack/start-stack.ts');
  console.log('Starting on loopback, for development and test only:');
  return startStack({
    preferDefaultPorts: true,
    pluginServer: kind,
    clock,
    kongBin: process.env.KONG_BIN,
    signal,
    onPorts: (ports) => {
      for (const line of describeMoved(ports)) console.log(`  ${line}`);
    },
    onProgress: (part) => console.log(`  ${part} (${seconds()})`),
  });
}

/** @returns how many steps went otherwise than expected */
async function tell(stack: Stack): Promise<number> {
  console.log(
    `\nThe story (policy.yaml decides, kong.yml wires it), told at ${stack.gateway.url}:\n`,
  );
  const failed = await tellStory({
    gatewayUrl: stack.gateway.url,
    stagingUrl: stack.staging.url,
    issuer: stack.identityProvider.issuer,
    clock: stack.clock,
    log: async () => stack.pluginServer.lines(),
  });
  console.log(`Started and told in ${seconds()}.`);
  if (failed > 0) {
    console.log(`\nThe plugin server wrote:\n${stack.pluginServer.lines().join('\n')}`);
  }
  return failed;
}

async function keep(stack: Stack, signal: AbortSignal): Promise<void> {
  // Back to the real time, so that what is pasted behaves as the reader's own clock says.
  stack.clock.reset();
  const { issuer } = stack.identityProvider;
  const [alice, bob] = await Promise.all(
    (['alice', 'bob'] as const).map((user) => getToken(issuer, { user, expiresInSeconds: 3600 })),
  );
  const requests = printRequests(stack.gateway.url, {
    alice: alice ?? '',
    bob: bob ?? '',
    google: stack.google.url,
  });
  console.log(
    `\nEverything stays up; Ctrl-C ends it. To paste into another terminal, with tokens that are good for an hour:\n\n${requests}`,
  );
  await unlessAborted(signal, new Promise(() => {})).catch(() => {});
}

await runProgram(demo, USAGE);
