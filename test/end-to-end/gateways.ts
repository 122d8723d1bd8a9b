import { describe } from 'vitest';
import type { PluginServerKind } from '../../dev/stack/plugin-server.ts';

const kongBin = process.env.KONG_BIN;

export interface Host {
  /** A real Kong's program; the development gateway without it. */
  kongBin: string | undefined;
  pluginServer: PluginServerKind;
}

const EVERY_KIND: readonly PluginServerKind[] = ['ours', 'stock'];
const NAMES: Record<PluginServerKind, string> = {
  ours: 'our plugin server',
  stock: 'the stock plugin server',
};

/**
 * Runs a suite with either plugin server, on the development gateway and, where KONG_BIN names a `kong` program, on that
 * as well. Without it the second run is skipped, and says so.
 */
export function describeOnHosts(
  suite: string,
  tests: (host: Host) => void,
  kinds: readonly PluginServerKind[] = EVERY_KIND,
): void {
  describeOnDevGateway(suite, tests, kinds);
  describeOnKong(suite, tests, kinds);
}

/** The same on the development gateway alone, for what only it shows. */
export function describeOnDevGateway(
  suite: string,
  tests: (host: Host) => void,
  kinds: readonly PluginServerKind[] = EVERY_KIND,
): void {
  for (const pluginServer of kinds) {
    const name = `${suite}, with ${NAMES[pluginServer]} on the development gateway`;
    describe(name, () => tests({ kongBin: undefined, pluginServer }));
  }
}

/** The same on a real Kong alone, for what the development gateway cannot do. */
export function describeOnKong(
  suite: string,
  tests: (host: Host) => void,
  kinds: readonly PluginServerKind[] = EVERY_KIND,
): void {
  const reason = 'KONG_BIN does not name a kong program';
  if (!kongBin) console.info(`skipped: ${suite}, on a real Kong: ${reason}`);
  for (const pluginServer of kinds) {
    const name = `${suite}, with ${NAMES[pluginServer]} on`;
    if (kongBin) describe(`${name} ${kongBin}`, () => tests({ kongBin, pluginServer }));
    else describe.skip(`${name} a real Kong (${reason})`, () => tests({ kongBin, pluginServer }));
  }
}
