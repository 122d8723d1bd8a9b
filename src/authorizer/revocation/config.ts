import { z } from 'zod';
import { REFERENCEABLE, secureUrl } from '../../core/config/fields.ts';

export const securityEventsFields = z.strictObject({
  push_authorization: z
    .string()
    // Kong puts an empty string where a vault reference cannot be resolved; that must not mean that anyone may push.
    .min(1)
    .max(4096)
    .regex(/^[!-~]([ -~]*[!-~])?$/, { error: 'must be printable ASCII without spaces around it' })
    .meta(REFERENCEABLE)
    .optional()
    .describe(
      'The exact `Authorization` header that transmitters must send, such as `Bearer 3f1c…`: the `authorization_header` of the stream (SSF 1.0). Left out, the signature of the event alone counts.',
    ),
  subject_issuers: z
    .array(secureUrl('The exact `iss` of tokens.'))
    .max(20)
    .default([])
    .describe(
      "Further issuers whose tokens the transmitters of this route may revoke. A transmitter's own `iss` needs no mention; an event about any other issuer is refused with `access_denied`.",
    ),
  retention_seconds: z
    .int()
    .min(3600)
    .max(31_536_000)
    .default(604_800)
    .describe(
      'How long a revocation is kept. It must be at least as long as the longest life of an access token: a token that outlives the revocation is accepted again.',
    ),
});

export type SecurityEventsConfig = z.output<typeof securityEventsFields>;
