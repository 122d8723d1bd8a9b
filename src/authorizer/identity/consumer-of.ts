import { createHash } from 'node:crypto';
import type { Identity } from '../../core/identity.ts';
import type { Consumer } from '../../core/stage.ts';
import { claimValue } from './claim-value.ts';
import { scalarText } from './scalar-text.ts';

/** Made for this purpose alone: the namespace of the consumers' ids. */
const NAMESPACE = Buffer.from('7d0f3c1e5a8b4e2f9c6da1b2c3d4e5f6', 'hex');

/**
 * The Kong consumer that a claim stands for. Its id is a UUID of version 5 (RFC 9562 §5.5) of issuer and value, so that
 * the same caller is the same consumer on every gateway, and two issuers never share one.
 *
 * @returns null where the token has no such claim, or one that is no single text
 */
export function consumerOf(identity: Identity, claim: string): Consumer | null {
  const value = scalarText(claimValue(identity, claim));
  if (value === null || value === '') return null;
  const name = JSON.stringify([identity.issuer, value]);
  return { id: uuid(name), username: value, custom_id: value };
}

function uuid(name: string): string {
  const bytes = createHash('sha1').update(NAMESPACE).update(name).digest().subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x50, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
