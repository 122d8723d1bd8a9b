import { X509Certificate } from 'node:crypto';
import type { KoaContextWithOIDC } from 'oidc-provider';
import { CLIENT_CERTIFICATE_HEADER } from './client-certificate-header.ts';
import { errors } from './oidc-provider.ts';

/**
 * The certificate to which tokens are bound (RFC 8705, section 3).
 *
 * @throws errors.InvalidRequest for a header that holds none
 */
export function clientCertificate(ctx: KoaContextWithOIDC): X509Certificate | undefined {
  const header = ctx.get(CLIENT_CERTIFICATE_HEADER);
  if (header === '') return undefined;
  try {
    return new X509Certificate(decodeURIComponent(header));
  } catch {
    throw new errors.InvalidRequest(`${CLIENT_CERTIFICATE_HEADER} holds no certificate`);
  }
}
