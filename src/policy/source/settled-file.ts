import { ConfigError } from '../../core/config-error.ts';

/** What a file was found to be. */
export type Reading = { readonly text: string } | { readonly problems: readonly string[] };

/**
 * Follows a file by its content, which is right whatever replaces it: a write in place, a rename over it, or the symbolic
 * link that Kubernetes swaps under a mounted ConfigMap.
 *
 * The file may be met half-written, and half a policy can be a policy without its last denies. So a change is told only
 * once two readings in a row have found the same. The first reading is told as it is, since there is nothing else to go by.
 *
 * @returns reads the file, and tells what it has come to hold; null where that is nothing new or not settled
 */
export function createSettledFile(read: () => string): () => Reading | null {
  let seen: Reading | undefined;
  let told: Reading | undefined;
  return () => {
    const reading = attempt(read);
    const settled = seen === undefined || isSame(reading, seen);
    seen = reading;
    if (!settled || (told !== undefined && isSame(reading, told))) return null;
    told = reading;
    return reading;
  };
}

function attempt(read: () => string): Reading {
  try {
    return { text: read() };
  } catch (error) {
    if (error instanceof ConfigError) return { problems: error.problems };
    const reason = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    return { problems: [`the file cannot be read: ${reason}`] };
  }
}

function isSame(one: Reading, other: Reading): boolean {
  if ('text' in one) return 'text' in other && one.text === other.text;
  return 'problems' in other && one.problems.join('\n') === other.problems.join('\n');
}
