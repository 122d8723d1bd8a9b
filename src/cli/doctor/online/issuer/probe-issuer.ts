import type { JWK } from 'jose';
import { KeySourceError } from '../../../../authorizer/keys/key-source-error.ts';
import { type KeySource, loadKeys } from '../../../../authorizer/keys/load-keys.ts';
import { readBody } from '../../../../authorizer/read-body.ts';
import type { Clock } from '../../../../core/clock.ts';
import { ownMember } from '../../../../core/json.ts';
import { parseIJson } from '../../../../core/parse-i-json.ts';
import { withinTime } from '../../../../core/within-time.ts';
import { networkReason } from './network-reason.ts';
import { observeFetch } from './observe-fetch.ts';
import type { ObservedAnswer } from './observed-answer.ts';

/** What an issuer publishes, as `oidc-authorizer` would get it. */
export interface IssuerProbe {
  /** Those that can verify signatures, empty where none can; or why they cannot be had. */
  keys: readonly JWK[] | { problem: string };
  /** The `issuer` member of the discovery document; undefined where there is none, or it was not asked for. */
  named_issuer: string | undefined;
  answers: readonly ObservedAnswer[];
}

/** More is not read of a discovery document, by `oidc-authorizer` neither. */
const MAX_BYTES = 262_144;

/** Asks an issuer for its keys by the code that asks for them while requests are served. Never rejects. */
export async function probeIssuer(
  source: KeySource,
  {
    clock,
    fetch,
    timeout_ms,
  }: { clock: Clock; fetch: typeof globalThis.fetch; timeout_ms: number },
): Promise<IssuerProbe> {
  const observed = observeFetch(fetch, clock);
  let named: Promise<string | undefined> | undefined;

  async function load(signal: AbortSignal) {
    observed.onAnswer((response) => {
      if (source.jwks_uri !== undefined || named !== undefined) return;
      named = response.status === 200 ? readIssuer(response.clone(), signal) : undefined;
    });
    const known = { previous: undefined, fromOrigin: true };
    try {
      const { keySet } = await loadKeys(source, known, observed.fetch, signal);
      return keySet.content?.jwks().keys ?? [];
    } finally {
      await named;
    }
  }

  const keys = await withinTime(
    timeout_ms,
    load,
    () => new KeySourceError(`no answer within ${timeout_ms} ms`),
  ).catch((error: unknown) => ({ problem: reasonOf(error) }));
  return { keys, named_issuer: await named, answers: observed.answers };
}

async function readIssuer(response: Response, signal: AbortSignal): Promise<string | undefined> {
  const body = await readBody(response, MAX_BYTES, signal).catch(() => null);
  const document = body === null ? null : parseIJson(body);
  const issuer = document === null ? undefined : ownMember(document, 'issuer');
  return typeof issuer === 'string' ? issuer : undefined;
}

function reasonOf(error: unknown): string {
  return error instanceof KeySourceError ? error.message : networkReason(error);
}
