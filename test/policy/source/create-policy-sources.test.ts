import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ConfigError } from '../../../src/core/config-error.ts';
import { readRegularFile } from '../../../src/core/read-regular-file.ts';
import type { PolicySourceSettings } from '../../../src/policy/source/policy-source.ts';
import {
  createDirectory,
  createRig,
  createSigner,
  type Directory,
  inForce,
  policyWith,
  type Rig,
} from './support.ts';

let directory: Directory;
let policy_file: string;
let grants_file: string;
beforeEach(() => {
  directory = createDirectory();
  policy_file = directory.path('policy.yaml');
  grants_file = directory.path('grants.yaml');
  writeFileSync(policy_file, policyWith('first'));
  writeFileSync(grants_file, '[]');
});
afterEach(() => directory.remove());

/** Lets promises that wait for nothing else go on. */
const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('sources', () => {
  it('are read, loaded and watched once, however many instances use them', async () => {
    const readFile = vi.fn(readRegularFile);
    const rig = createRig({ readFile });
    const sources = [1, 2, 3].map(() => rig.open({ policy_file, grants_file }));
    const alone = rig.open({ policy_file });
    await turn();
    expect(readFile.mock.calls.map(([field]) => field)).toEqual([
      'config.policy_file',
      'config.grants_file',
    ]);
    expect(rig.timers.map(({ delay_ms }) => delay_ms)).toEqual([500, 500]);
    writeFileSync(policy_file, policyWith('second'));
    await rig.settle();
    expect(readFile).toHaveBeenCalledTimes(6);
    expect(rig.load).toHaveBeenCalledTimes(2);
    expect([...sources, alone].map(inForce)).toEqual(Array(4).fill(['second']));
    expect(sources[0]?.current()).toBe(sources[2]?.current());
    expect(rig.log).toHaveLength(1);
  });

  it('look again by themselves each time that their time has come', async () => {
    const rig = createRig();
    const source = rig.open({ policy_file });
    writeFileSync(policy_file, policyWith('second'));
    for (const at of [0, 1]) {
      await turn();
      expect(rig.timers).toHaveLength(at + 1);
      rig.timers[at]?.task();
    }
    await turn();
    expect(inForce(source)).toEqual(['second']);
    expect(rig.timers).toHaveLength(3);
  });

  it('tell of grants that are ignored without waiting for a request', async () => {
    writeFileSync(grants_file, '[1]');
    const rig = createRig();
    rig.open({ policy_file, grants_file });
    await turn();
    expect(rig.log).toMatchObject([{ message: 'grants of the file are ignored' }]);
  });

  it('go on where the log is full', async () => {
    const full = () => {
      throw new Error('EPIPE');
    };
    const rig = createRig({ logger: { info: full, warn: full, error: full } });
    const source = rig.open({ policy_file, grants_file });
    writeFileSync(policy_file, 'version: 2');
    writeFileSync(grants_file, '[1]');
    await rig.settle();
    writeFileSync(policy_file, policyWith('second'));
    await rig.settle();
    expect(inForce(source)).toEqual(['second']);
  });

  it('end with the last instance that used them', async () => {
    const rig = createRig();
    const kept = rig.open({ policy_file });
    openAndForget(rig, { policy_file, grants_file });
    await turn();
    expect(rig.timers).toHaveLength(2);
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    await vi.waitFor(() => {
      collect();
      expect(rig.timers.map(({ isCancelled }) => isCancelled)).toContain(true);
    });
    expect(rig.timers.map(({ isCancelled }) => isCancelled)).toEqual([false, true]);
    writeFileSync(policy_file, policyWith('second'));
    await rig.settle();
    expect(inForce(kept)).toEqual(['second']);
  });

  it('are in use as long as anybody can ask them', async () => {
    const rig = createRig();
    const { current } = rig.open({ policy_file });
    await turn();
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    for (const _ of [1, 2, 3]) {
      collect();
      await turn();
    }
    writeFileSync(policy_file, policyWith('second'));
    await rig.settle();
    expect(current().allow.map(({ name }) => name)).toEqual(['second']);
  });

  it('do not keep the process alive', async () => {
    const program = `
      import { loadPolicy } from './src/policy/load-policy.ts';
      import { createPolicySources } from './src/policy/source/create-policy-sources.ts';
      const logger = { info() {}, warn() {}, error() {} };
      const sources = createPolicySources({ clock: Date.now, logger, fetch, load: loadPolicy });
      const source = sources.open(JSON.parse(process.argv[1]));
      await source.ready();
      console.log(source.current().allow[0].name);
    `;
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [
        ...['--import', 'tsx', '--input-type=module', '--eval', program],
        JSON.stringify({ policy_file, grants_file }),
      ],
      { timeout: 15_000 },
    );
    expect(stdout).toBe('first\n');
  });
});

/** In a function of its own, so that nothing on the stack still holds the source. */
function openAndForget(rig: Rig, settings: PolicySourceSettings): void {
  expect(inForce(rig.open(settings))).toEqual(['first']);
}

describe('settings', () => {
  const key = createSigner('ES256').pem;

  it('may hold the policy itself, with grants from a file', async () => {
    const rig = createRig();
    const source = rig.open({ policy: policyWith('inline'), grants_file });
    await source.ready();
    expect(inForce(source)).toEqual(['inline']);
    expect(inForce(rig.open({ policy: policyWith('inline') }))).toEqual(['inline']);
  });

  it.each<[string, PolicySourceSettings, RegExp]>([
    ['name no policy', {}, /exactly one of policy, policy_file and policy_url/],
    ['name two policies', { policy: 'a', policy_file: 'b' }, /exactly one of policy/],
    [
      'hold a policy that does not load',
      { policy: 'version: 2' },
      /^policy:1:10: version must be 1/m,
    ],
    [
      'want signatures of a policy that is not fetched',
      { policy: 'a', bundle_keys: [key] },
      /config\.bundle_keys: means nothing without policy_url/,
    ],
    [
      'keep a policy that is not fetched',
      { policy: 'a', policy_cache_dir: '/nowhere' },
      /config\.policy_cache_dir: means nothing without policy_url/,
    ],
    [
      'want signed grants without any',
      { policy: 'a', grant_keys: [key] },
      /config\.grant_keys: means nothing without grants_file/,
    ],
    [
      'hold a key that is none',
      { policy: policyWith('a'), grants_file: 'a', grant_keys: [key, 'b'] },
      /config\.grant_keys\[1\]: must be a public key/,
    ],
  ])('are refused at once where they %s', (_, settings, problem) => {
    const rig = createRig();
    expect(() => rig.open(settings)).toThrow(ConfigError);
    expect(() => rig.open(settings)).toThrow(problem);
    expect(rig.timers).toEqual([]);
  });

  it('that are refused leave nothing behind', async () => {
    mkdirSync(directory.path('x'));
    const rig = createRig();
    const settings = { policy_file, grants_file, grant_keys: ['none'] };
    expect(() => rig.open(settings)).toThrow(ConfigError);
    await turn();
    expect(rig.timers).toEqual([]);
  });
});
