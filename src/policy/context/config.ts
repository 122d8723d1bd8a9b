import { z } from 'zod';
import { isServiceResource } from './cloud-run-service.ts';
import { isCustomerId } from './transitive-groups-query.ts';

export const contextFields = z.strictObject({
  cloud_run_labels: z
    .strictObject({
      service: z
        .string()
        .min(1)
        .max(512)
        .refine(isServiceResource, {
          error: 'must be projects/{project}/locations/{location}/services/{service}',
        })
        .optional()
        .describe(
          'The service: `projects/{project}/locations/{location}/services/{service}`. May be left out where the host ' +
            'of the Kong service is of the form `SERVICE-PROJECTNUMBER.REGION.run.app`.',
        ),
    })
    .optional()
    .describe(
      'Read the labels of the Cloud Run service, for which the gateway needs `run.services.get` on it. ' +
        'They are added to `labels`, which win.',
    ),
  google_groups: z
    .strictObject({
      issuers: z
        .array(z.string().min(1).max(2048))
        .min(1)
        .max(100)
        .optional()
        .describe(
          "Issuers whose users' addresses count. Name them where a route has several: others have no Google groups then. Default: all.",
        ),
      customer: z
        .string()
        .min(2)
        .max(64)
        .refine(isCustomerId, { error: 'must be the ID of a Cloud Identity customer: C…' })
        .optional()
        .describe(
          'Only count groups of this Cloud Identity customer (`C…`). Without it Google refuses to tell the groups of a ' +
            'user whom anybody has made a member of a group of another organization.',
        ),
    })
    .optional()
    .describe(
      'Read which Google groups the identity is in, directly or through other groups, by its e-mail address, of which the ' +
        'token must say `email_verified: true`: otherwise the request is refused with 503, ' +
        'for which the gateway needs the admin role Groups Reader. Their addresses, in lower case, are added to ' +
        '`identity.groups`.',
    ),
  cache_seconds: z
    .int()
    .min(5)
    .max(3600)
    .default(60)
    .describe(
      'How old an answer may be, in seconds. One that is in use is renewed in the background before that.',
    ),
  max_stale_seconds: z
    .int()
    .min(0)
    .max(86_400)
    .default(300)
    .describe(
      'How many seconds longer an answer may be used while no newer one can be had. After that requests are refused ' +
        'with 503.',
    ),
  timeout_ms: z
    .int()
    .min(100)
    .max(10_000)
    .default(2000)
    .describe('How long a request waits for an answer, in milliseconds.'),
});

export type ContextConfig = z.output<typeof contextFields>;
