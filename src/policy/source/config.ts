import { z } from 'zod';
import { secureUrl } from '../../core/config/fields.ts';

const path = z.string().min(1).max(4096);

function publicKeys(use: string) {
  return z
    .array(z.string().min(1).max(4096).describe('A public key, in PEM or as a JWK.'))
    .min(1)
    .max(10)
    .optional()
    .describe(use);
}

/** Where a policy comes from, besides `policy` and `policy_file`; what depends on several of them `open` checks. */
export const policySourceFields = {
  policy_url: secureUrl(
    'An https URL that the policy is fetched from, and asked again for every `poll_seconds`. Redirects are not followed.',
  ).optional(),
  bundle_keys: publicKeys(
    'Public keys of those who may publish at `policy_url`: RSA, EC P-256 or Ed25519, in PEM or as a JWK. The answer must then be a JWS in compact form, of content type `application/jose`, whose header has `typ` `policy+jws` and `iat`, and whose payload is the policy. One with an older `iat` than the policy in force is refused.',
  ),
  poll_seconds: z
    .int()
    .min(5)
    .max(3600)
    .default(30)
    .describe('How often `policy_url` is asked whether the policy has changed.'),
  policy_cache_dir: path
    .optional()
    .describe(
      'Directory that keeps the last good policy of `policy_url`, for starts while that cannot be reached. Made where it is missing.',
    ),
  grants_file: path
    .optional()
    .describe(
      "Path of a YAML or JSON file that lists further grants, written as in a policy. Watched, as `policy_file` is. A grant that is not right is reported and ignored; `[]` says that there is none. Relative to the plugin server's working directory.",
    ),
  grant_keys: publicKeys(
    'Public keys of those who may approve grants: RSA, EC P-256 or Ed25519, in PEM or as a JWK. Each entry of `grants_file` must then be `jws: …`, a JWS in compact form whose header has `typ` `grant+jwt` and whose payload is the grant; any other is ignored.',
  ),
};
