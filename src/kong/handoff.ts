import { isJsonObject } from '../core/json.ts';
import { Malfunction } from '../core/malfunction.ts';
import type { Handoff, HandoffKey } from '../core/request.ts';

const OUTCOMES: Record<HandoffKey, readonly string[]> = {
  authenticated_identity: ['authenticated', 'anonymous'],
  policy_decision: ['allow', 'deny'],
};

/**
 * Reads what an earlier stage left in `kong.ctx.shared`, which clients cannot reach.
 * Each key holds one JSON string, because Kong's protocols mangle empty and false members of structured values.
 *
 * @returns undefined where nothing was left
 * @throws Malfunction where something else than a verdict of ours stands under the key
 */
export function readVerdict<K extends HandoffKey>(
  key: K,
  value: unknown,
): NonNullable<Handoff[K]> | undefined {
  if (value === undefined || value === null || value === '') return undefined;
  const verdict = typeof value === 'string' ? parseJson(value) : undefined;
  if (isVerdict(key, verdict)) return verdict;
  throw new Malfunction(
    `kong.ctx.shared.${key} holds no verdict; does another plugin write there?`,
  );
}

function isVerdict<K extends HandoffKey>(key: K, value: unknown): value is NonNullable<Handoff[K]> {
  return isJsonObject(value) && OUTCOMES[key].includes(String(value.outcome));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
