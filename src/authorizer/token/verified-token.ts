import type { JsonObject } from '../../core/json.ts';
import type { IssuerConfig } from '../config.ts';

/** A token that its issuer vouches for, by a signature or in person. Its claims are still to be judged. */
export interface VerifiedToken {
  readonly issuer: IssuerConfig;
  readonly claims: JsonObject;
  /** The SHA-256 of the token's text, in hex. */
  readonly digest: string;
  /** The length of that text. */
  readonly characters: number;
}
