import type { Clock } from '../../core/clock.ts';
import type { Logger } from '../../core/logger.ts';
import { readRegularFile } from '../../core/read-regular-file.ts';
import { LIMITS } from '../limits.ts';
import type { Policy } from '../policy.ts';
import { createBundleCache } from './bundle-cache.ts';
import { checkSettings } from './check-settings.ts';
import { type CombinedSource, combineSource } from './combine-source.ts';
import { maxBundleBytes } from './open-bundle.ts';
import { parseVerificationKey, type VerificationKey } from './parse-verification-key.ts';
import type { PolicySource, PolicySourceSettings, Watched } from './policy-source.ts';
import type { GrantsFile } from './read-grants.ts';
import { createSharing, type Lease } from './sharing.ts';
import { watchBundle } from './watch-bundle.ts';
import { watchGrantsFile } from './watch-grants-file.ts';
import { watchPolicyFile } from './watch-policy-file.ts';

export interface PolicySourceDependencies {
  clock: Clock;
  logger: Logger;
  fetch: typeof globalThis.fetch;
  /** `loadPolicy`, or one that remembers. */
  load(text: string, fileName: string): Policy;
  /** @throws ConfigError where the file cannot be read */
  readFile?: typeof readRegularFile;
  /** Runs a task once after a time, unless what it returns is called before. Must not keep the process alive. */
  after?: (delay_ms: number, task: () => void) => () => void;
  /** In [0, 1). */
  random?: () => number;
}

/** The policies of one process. However many instances use a file or URL, it is watched once. */
export interface PolicySources {
  /**
   * @throws ConfigError where the settings are wrong, an inline policy included. A file or URL that is without a good
   *   policy now may have one later: then it is `current()` that throws, until there is one.
   */
  open(settings: PolicySourceSettings): PolicySource;
  /** Looks at everything now, instead of when its time comes. Never rejects. */
  poll(): Promise<void>;
}

const DEFAULT_POLL_SECONDS = 30;

export function createPolicySources({
  clock,
  logger,
  fetch,
  load,
  readFile = readRegularFile,
  after = afterUnreferenced,
  random = Math.random,
}: PolicySourceDependencies): PolicySources {
  const policies = createSharing<Watched<Policy>>();
  const grantsFiles = createSharing<Watched<GrantsFile>>();
  const sources = createSharing<CombinedSource>();
  // Kong does not say when an instance is gone, and starts new ones after every change of its configuration.
  const abandoned = new FinalizationRegistry<Lease<unknown>>((lease) => lease.release());

  function refresh(): void {
    for (const source of sources.values()) source.refresh();
  }

  function keepWatching<T>(watched: Watched<T>): { value: Watched<T>; close(): void } {
    let isOpen = true;
    let cancel = () => {};
    const wait = () => {
      if (!isOpen) return;
      cancel = after(watched.delayMs(), () => void watched.poll().then(refresh).then(wait));
    };
    void watched.ready.then(refresh).then(wait);
    return {
      value: watched,
      close() {
        isOpen = false;
        cancel();
      },
    };
  }

  function usePolicy(settings: PolicySourceSettings): Lease<Watched<Policy>> {
    const { policy, policy_file, policy_url, bundle_keys, policy_cache_dir } = settings;
    if (policy_file !== undefined) {
      const read = () => readFile('config.policy_file', policy_file, LIMITS.file_bytes);
      return policies.use(JSON.stringify({ policy_file }), () =>
        keepWatching(watchPolicyFile(policy_file, { read, load, logger })),
      );
    }
    if (policy_url !== undefined) {
      const { poll_seconds = DEFAULT_POLL_SECONDS } = settings;
      const keys = parseKeys('bundle_keys', bundle_keys);
      const key = JSON.stringify({ policy_url, bundle_keys, poll_seconds, policy_cache_dir });
      return policies.use(key, () => {
        const cache =
          policy_cache_dir === undefined
            ? null
            : createBundleCache(policy_cache_dir, policy_url, maxBundleBytes(keys !== null));
        const bundle = { url: policy_url, keys, poll_seconds, cache };
        return keepWatching(watchBundle(bundle, { clock, logger, fetch, load, random }));
      });
    }
    return { value: unchanging(load(policy ?? '', 'policy')), release() {} };
  }

  function useGrants(
    { grants_file, grant_keys }: PolicySourceSettings,
    keys: readonly VerificationKey[] | null,
  ): Lease<Watched<GrantsFile>> | null {
    if (grants_file === undefined) return null;
    const read = () => readFile('config.grants_file', grants_file, LIMITS.file_bytes);
    return grantsFiles.use(JSON.stringify({ grants_file, grant_keys }), () =>
      keepWatching(watchGrantsFile(grants_file, { read, keys, logger })),
    );
  }

  function combine(settings: PolicySourceSettings): { value: CombinedSource; close(): void } {
    checkSettings(settings);
    const grantKeys = parseKeys('grant_keys', settings.grant_keys);
    const policy = usePolicy(settings);
    const grants = useGrants(settings, grantKeys);
    return {
      value: combineSource(policy.value, grants?.value ?? null, logger),
      close() {
        policy.release();
        grants?.release();
      },
    };
  }

  return {
    open(settings) {
      const lease = sources.use(keyOf(settings), () => combine(settings));
      // Held by both functions, so that it is in use as long as either is, also apart from the object they come in.
      const share = { source: lease.value };
      abandoned.register(share, lease);
      return { current: () => share.source.current(), ready: () => share.source.ready() };
    },
    async poll() {
      const watched = [...policies.values(), ...grantsFiles.values()];
      await Promise.all(watched.map((one) => one.poll()));
      refresh();
    },
  };
}

/** The whole config may be given as settings; its other fields make no other source. */
function keyOf(settings: PolicySourceSettings): string {
  const { policy, policy_file, policy_url, bundle_keys } = settings;
  const { poll_seconds, policy_cache_dir, grants_file, grant_keys } = settings;
  return JSON.stringify([
    [policy, policy_file, policy_url, bundle_keys],
    [poll_seconds, policy_cache_dir, grants_file, grant_keys],
  ]);
}

function unchanging(policy: Policy): Watched<Policy> {
  return {
    value: policy,
    problems: null,
    ready: Promise.resolve(),
    delayMs: () => Number.POSITIVE_INFINITY,
    poll: async () => {},
  };
}

function parseKeys(
  field: string,
  keys: readonly string[] | undefined,
): readonly VerificationKey[] | null {
  if (keys === undefined) return null;
  return keys.map((key, index) => parseVerificationKey(key, `config.${field}[${index}]`));
}

function afterUnreferenced(delay_ms: number, task: () => void): () => void {
  const timer = setTimeout(task, delay_ms);
  timer.unref();
  return () => clearTimeout(timer);
}
