import { z } from 'zod';
import { REFERENCEABLE } from '../core/config/fields.ts';
import { serviceAccountEmail } from '../core/config/service-account-email.ts';

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
        'Default: https:// and the host of the Kong service, without a traffic tag.',
    ),
  header: z
    .enum(['X-Serverless-Authorization', 'Authorization', 'Proxy-Authorization'])
    .default('X-Serverless-Authorization')
    .describe(
      "Request header that carries the ID token. It takes the place of the client's own header of that name. " +
        "Cloud Run looks at the first two, and leaves the user's `Authorization` to the service only where the first is " +
        'used. Identity-Aware Proxy looks at the last two, and leaves `Authorization` to the service with the last.',
    ),
  service_account: serviceAccountEmail
    .optional()
    .describe(
      'Service account to impersonate for this route: whom the ID token speaks for. The credentials need ' +
        '`roles/iam.serviceAccountOpenIdTokenCreator` on it. Default: the account of the credentials.',
    ),
  delegates: z
    .array(serviceAccountEmail)
    .max(10)
    .default([])
    .describe(
      'Service accounts in between: the credentials may impersonate the first, each the next, and the last the account, ' +
        'for which each needs `roles/iam.serviceAccountTokenCreator` on the next.',
    ),
  allowed_service_accounts: z
    .array(serviceAccountEmail)
    .max(100)
    .default([])
    .describe(
      "Service accounts that a policy's rule may name in `run_as`, by which the request then reaches the service. One " +
        'that is not listed is refused.',
    ),
  credentials: z
    .string()
    // Kong puts an empty string where a vault reference cannot be resolved; that must not mean the default credentials.
    .min(1)
    .max(32768)
    .meta(REFERENCEABLE)
    .optional()
    .describe(
      'Google credentials: a service account key, an `external_account` (workload identity federation), an ' +
        '`impersonated_service_account` or, for development, an `authorized_user`; the JSON text, or the path of its file ' +
        '(absolute, or starting with ./ or ../). Default: Application Default Credentials, which are the file named by ' +
        "GOOGLE_APPLICATION_CREDENTIALS, else gcloud's own, else the metadata server.",
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
    .describe(
      'How long a request waits for an ID token, in milliseconds. Our plugin server ends a request with 500 after its ' +
        '`--event-timeout-ms`, 5,000 by default, so a longer wait needs a longer one there.',
    ),
  allow_http: z
    .boolean()
    .default(false)
    .describe(
      'Send the ID token also to a Kong service that is reached without TLS, and not on this machine. Whoever can read ' +
        'that network can then use it.',
    ),
  allow_any_host: z
    .boolean()
    .default(false)
    .describe(
      'Send the ID token also where the route preserves any `Host` that a client sends: it has no `hosts`, or some with ' +
        'wildcards, or Kong routes by expressions. Whoever else answers at the address of the Kong service may then get ' +
        'the token.',
    ),
  propagate_trace: z
    .boolean()
    .default(true)
    .describe(
      "Set `X-Cloud-Trace-Context` from the request's `traceparent`, so that the logs of Kong and of Cloud Run meet in one " +
        'trace; without any trace a new one begins here.',
    ),
});

export type CloudRunConfig = z.output<typeof cloudRunFields>;
