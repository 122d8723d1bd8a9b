import {
  INVALID_BINDING,
  type InvalidBindingReason,
} from '../../../src/authorizer/proof/invalid-binding.ts';
import {
  INVALID_DPOP_PROOF,
  type InvalidDpopProofReason,
} from '../../../src/authorizer/proof/invalid-dpop-proof.ts';
import {
  INVALID_TOKEN,
  type InvalidTokenReason,
} from '../../../src/authorizer/token/invalid-token.ts';
import { REFUSALS, type RefusalCode } from '../../../src/core/refusal.ts';
import type { Arrival } from '../open-upstream.ts';
import type { RouteName } from './routes.ts';
import type { Scene } from './scene.ts';
import type { Header, RawAnswer, RawRequest } from './send-raw.ts';

/** What must come of a request. */
export interface Expected {
  status: number;
  /** Null for an answer that is not a refusal by the plugin. */
  code: RefusalCode | null;
  /** What the challenge must hold; null where there must be none. */
  challenge?: readonly string[] | null;
  reaches: boolean;
}

/** One request, and what must come of it. */
export interface Row {
  /** What is odd about it. */
  name: string;
  /** Where it is sent; `plain` where that is left out. */
  route?: RouteName;
  /** Without a path it goes to the route's own. */
  request: (scene: Scene) => Partial<RawRequest> | Promise<Partial<RawRequest>>;
  expected: Expected;
  /** Where the stock plugin server cannot but answer otherwise, and why. */
  onStock?: { expected: Expected; because: string };
  /** Looks at what the upstream got. */
  upstream?: (arrival: Arrival) => void;
  /** Looks at anything else. */
  also?: (answer: RawAnswer, scene: Scene) => void;
}

/** The request goes on. */
export const PASSES: Expected = { status: 200, code: null, challenge: null, reaches: true };

/** Refused by nginx, or its stand-in, before any plugin runs. */
export function refusedByGateway(status = 400): Expected {
  return { status, code: null, challenge: null, reaches: false };
}

/** @param challenge what it must hold */
export function refused(code: RefusalCode, ...challenge: string[]): Expected {
  return { status: REFUSALS[code].status, code, challenge, reaches: false };
}

export function refusedWithoutChallenge(code: RefusalCode): Expected {
  return { ...refused(code), challenge: null };
}

const DESCRIPTIONS = { ...INVALID_TOKEN, ...INVALID_BINDING };

/** @param scheme of the challenge */
export function invalidToken(
  reason: InvalidTokenReason | InvalidBindingReason,
  scheme: 'Bearer' | 'DPoP' = 'Bearer',
): Expected {
  const description = DESCRIPTIONS[reason];
  return refused('invalid_token', ...challenge(scheme, 'invalid_token', description));
}

export function invalidProof(reason: InvalidDpopProofReason): Expected {
  const description = INVALID_DPOP_PROOF[reason];
  return refused('invalid_dpop_proof', ...challenge('DPoP', 'invalid_dpop_proof', description));
}

export const MALFORMED_CREDENTIALS: Expected = refused(
  'invalid_request',
  ...challenge('Bearer', 'invalid_request', 'the Authorization header is malformed'),
);

/** Whoever sends no credentials learns how to authenticate, and of no error (RFC 6750 §3.1). */
export const MISSING_TOKEN: Expected = refused('missing_token', 'Bearer realm="api"');

function challenge(scheme: string, error: string, description: string): string[] {
  return [`${scheme} `, 'realm="api"', `error="${error}"`, `error_description="${description}"`];
}

export function authorization(value: string): { headers: Header[] } {
  return { headers: [['Authorization', value]] };
}

/** A row that presents a token in the usual way. */
export function tokenRow(
  name: string,
  token: (scene: Scene) => string,
  expected: Expected,
  more: Omit<Row, 'name' | 'request' | 'expected'> = {},
): Row {
  return {
    name,
    request: (scene) => authorization(`Bearer ${token(scene)}`),
    expected,
    ...more,
  };
}
