import { BlockList, isIP } from 'node:net';
import type { Clock } from '../../core/clock.ts';
import type { JsonValue } from '../../core/json.ts';
import type { Logger } from '../../core/logger.ts';
import { fact, type RequestFacts, type RequestNeeds } from '../../core/request.ts';
import { type SharedState, SharedStateUnavailable } from '../../core/shared-state.ts';
import type { AuthorizerConfig } from '../config.ts';
import type { TokenScheme } from '../token/read-credentials.ts';
import { certificateThumbprint } from './certificate-thumbprint.ts';
import { checkBinding } from './check-binding.ts';
import { createDpopNonces } from './dpop-nonces.ts';
import type { InvalidBindingReason } from './invalid-binding.ts';
import type { InvalidDpopProofReason } from './invalid-dpop-proof.ts';
import type { ProofBudget } from './proof-budget.ts';
import { requestUrl } from './request-url.ts';
import { verifyDpopProof } from './verify-dpop-proof.ts';

/** What a request shows of possessing the key that its token is bound to. */
export type ProofVerdict =
  | {
      outcome: 'proved';
      /** For the client's next proof. */
      nonce?: string;
    }
  | { outcome: 'invalid_token'; reason: InvalidBindingReason }
  | { outcome: 'invalid_proof'; reason: Exclude<InvalidDpopProofReason, 'use_nonce'> }
  | { outcome: 'use_nonce'; nonce: string }
  | { outcome: 'shared_state_unavailable' };

export interface ProofChecker {
  needs: Required<Pick<RequestNeeds, 'attributes' | 'headers' | 'exact_headers' | 'with_header'>>;
  /** @returns at once for a token that is bound to nothing, or to a certificate */
  check(presented: PresentedToken, facts: RequestFacts): ProofVerdict | Promise<ProofVerdict>;
}

export interface PresentedToken {
  scheme: TokenScheme;
  token: string;
  /** Its `cnf` claim. */
  cnf: JsonValue | undefined;
}

export interface ProofCheckerDependencies {
  clock: Clock;
  /** Where proofs are claimed, so that each is accepted once. */
  state: SharedState;
  logger: Logger;
  /** How many proofs of one key are taken in a while. */
  budget: ProofBudget;
  /** What nonces are made from where the configuration has nothing for it. */
  secret: Uint8Array;
}

/** A nonce is current for so long, and good for as long again. */
const NONCE_SECONDS = 300;

const PROVED: ProofVerdict = { outcome: 'proved' };

export function createProofChecker(
  config: AuthorizerConfig,
  { clock, logger, state, secret, budget }: ProofCheckerDependencies,
): ProofChecker {
  const { dpop, client_certificate, leeway_seconds, proof_of_possession: mode } = config;
  const { nonce_secret } = dpop;
  const nonces = createDpopNonces({
    secret: nonce_secret === undefined ? secret : Buffer.from(nonce_secret),
    clock,
    lifetime_seconds: NONCE_SECONDS,
  });
  const origins = new Set(originsOf(config));
  const isOurs = (url: string) => origins.size === 0 || origins.has(new URL(url).origin);
  const proxies = client_certificate && blockListOf(client_certificate.trusted_ips);
  const certificateHeader = client_certificate?.header.toLowerCase();

  let reported_at_ms = Number.NEGATIVE_INFINITY;

  function report(error: SharedStateUnavailable): void {
    const now = clock();
    if (Math.abs(now - reported_at_ms) < REPORT_PERIOD_MS) return;
    reported_at_ms = now;
    try {
      logger.error(
        { reason: error.message },
        'DPoP proofs cannot be recorded, so they are refused',
      );
    } catch {}
  }

  async function checkDpop(token: string, jkt: string, facts: RequestFacts): Promise<ProofVerdict> {
    const proof = fact(facts, 'headers').dpop;
    if (proof === undefined) return { outcome: 'invalid_proof', reason: 'no_proof' };
    const url = requestUrl({
      forwarded_origin: fact(facts, 'forwarded_origin'),
      request_uri: fact(facts, 'request_uri'),
    });
    if (url === null || !isOurs(url)) return { outcome: 'invalid_proof', reason: 'wrong_target' };
    let isAging = false;
    const verdict = await verifyDpopProof(proof, {
      method: fact(facts, 'method'),
      url,
      accessToken: token,
      now_seconds: clock() / 1000,
      max_age_seconds: dpop.max_age_seconds,
      leeway_seconds,
      algorithms: dpop.algorithms,
      jkt,
      checkNonce(nonce) {
        if (!dpop.require_nonce) return true;
        const state = nonces.check(nonce);
        isAging = state === 'aging';
        return state !== 'invalid';
      },
    });
    if (verdict.outcome === 'invalid') {
      return verdict.reason === 'use_nonce'
        ? { outcome: 'use_nonce', nonce: nonces.issue() }
        : { outcome: 'invalid_proof', reason: verdict.reason };
    }
    // Others who share the claim may have a clock that is behind by twice the leeway, where this one is ahead.
    const good_for_ms =
      (verdict.iat + dpop.max_age_seconds + 3 * leeway_seconds) * 1000 - clock() + CLAIM_MARGIN_MS;
    // One client must not take up the room that all share.
    if (!budget.take(jkt, clock())) return { outcome: 'shared_state_unavailable' };
    // Last of all, so that only proofs that are good use up room.
    if (!(await state.claim(`dpop.${verdict.replay_key}`, good_for_ms))) {
      return { outcome: 'invalid_proof', reason: 'replayed' };
    }
    return isAging ? { outcome: 'proved', nonce: nonces.issue() } : PROVED;
  }

  function presentedThumbprint(facts: RequestFacts): string | null {
    if (client_certificate === undefined || certificateHeader === undefined) {
      return certificateThumbprint(fact(facts, 'client_certificate'), 'pem_urlencoded');
    }
    if (!proxies || !includes(proxies, fact(facts, 'peer_ip'))) return null;
    const text = fact(facts, 'headers')[certificateHeader];
    return text === undefined ? null : certificateThumbprint(text, client_certificate.format);
  }

  return {
    needs: {
      attributes: [client_certificate === undefined ? 'client_certificate' : 'peer_ip'],
      headers: certificateHeader === undefined ? ['dpop'] : ['dpop', certificateHeader],
      exact_headers: certificateHeader === undefined ? [] : [certificateHeader],
      with_header: { header: 'dpop', attributes: ['method', 'request_uri', 'forwarded_origin'] },
    },
    check({ scheme, token, cnf }, facts) {
      const binding = checkBinding(cnf, { scheme, mode });
      if (binding.outcome === 'invalid')
        return { outcome: 'invalid_token', reason: binding.reason };
      if ('thumbprint' in binding && presentedThumbprint(facts) !== binding.thumbprint) {
        return { outcome: 'invalid_token', reason: 'wrong_certificate' };
      }
      if (!('jkt' in binding)) return PROVED;
      return checkDpop(token, binding.jkt, facts).catch((error: unknown) => {
        if (!(error instanceof SharedStateUnavailable)) throw error;
        report(error);
        return { outcome: 'shared_state_unavailable' };
      });
    },
  };
}

const REPORT_PERIOD_MS = 60_000;

/** A claim outlives its proof. */
const CLAIM_MARGIN_MS = 10_000;

/** The origins at which clients address this API; none where that is not known. */
function originsOf({ dpop, resource_metadata }: AuthorizerConfig): string[] {
  const urls = dpop.origins ?? (resource_metadata ? [resource_metadata.resource] : []);
  return urls.map((url) => new URL(url).origin);
}

function blockListOf(blocks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const block of blocks) {
    const [address = '', prefix] = block.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (prefix === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(prefix), family);
  }
  return list;
}

function includes(list: BlockList, address: string): boolean {
  const family = isIP(address);
  return family !== 0 && list.check(address, family === 6 ? 'ipv6' : 'ipv4');
}
