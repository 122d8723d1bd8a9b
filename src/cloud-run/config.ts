import { z } from 'zod';
import { REFERENCEABLE } from '../core/config/fields.ts';

/** An audience ends up in a JSON string and a URL query; only what nobody can read in a log is kept out. */
function isPrintable(text: string): boolean {
  return !/[\p{Cc}\p{Zl}\p{Zp}]|^\s|\s$/u.test(text);
}

export const cloudRunFields = z.strictObject({
  audience: z
    .string()
    .min(1)
    .max(2048)
    .refine(isPrintable, {
      error: 'must not contain control characters or surrounding white space',
    })
    .optional()
    .describe(
      'Audience of the ID token: the URL of the Cloud Run service, or one of its custom audiences. ' +
        'Default: https:// and the host of the Kong service.',
    ),
  header: z
    .enum(['X-Serverless-Authorization', 'Authorization'])
    .default('X-Serverless-Authorization')
    .describe(
      "Request header that carries the ID token to Cloud Run. It takes the place of the client's own header of that name.",
    ),
  credentials: z
    .string()
    // Kong puts an empty string where a vault reference cannot be resolved; that must not mean the default credentials.
    .min(1)
    .max(32768)
    .meta(REFERENCEABLE)
    .optional()
    .describe(
      'Service account key: its JSON text, or the path of its file (absolute, or starting with ./ or ../). ' +
        'Default: the file named by GOOGLE_APPLICATION_CREDENTIALS, else the metadata server.',
    ),
  require: z
    .enum(['decision', 'identity'])
    .default('decision')
    .describe(
      'Verdict without which no ID token is minted: an allow of policy-evaluator, or a verified identity alone.',
    ),
  refresh_margin_seconds: z
    .int()
    .min(30)
    .max(1800)
    .default(300)
    .describe(
      'An ID token is refreshed in the background from this many seconds before it expires, ' +
        'though not in the first half of its life.',
    ),
  timeout_ms: z
    .int()
    .min(100)
    .max(30000)
    .default(3000)
    .describe('How long a request waits for an ID token, in milliseconds.'),
});

export type CloudRunConfig = z.output<typeof cloudRunFields>;
