import { z } from 'zod';
import { contextFields } from './context/config.ts';
import { policySourceFields } from './source/config.ts';

const claimName = z.string().min(1).max(256);

const MAX_BODY_BYTES = 1024 * 1024;

export const policyFields = z.strictObject({
  policy_file: z
    .string()
    .min(1)
    .max(4096)
    .optional()
    .describe(
      "Path of the policy: a YAML file. Relative to the plugin server's working directory. " +
        'Watched: a change is in force within two seconds, and a version that does not load leaves the last good one in force. ' +
        'One of `policy_file`, `policy_url` and `policy` is required.',
    ),
  policy: z
    .string()
    .min(1)
    // The stock plugin server dies of a config message whose 64 KB boundary falls inside a MessagePack header.
    .max(49_152)
    .optional()
    .describe('The policy itself, as YAML text; a longer one goes into a file.'),
  ...policySourceFields,
  labels: z
    .record(z.string().min(1).max(256), z.string().max(1024))
    .default({})
    .describe(
      'Labels of this route, such as its environment and project; rules read them as `labels.env`.',
    ),
  mode: z
    .enum(['enforce', 'shadow'])
    .default('enforce')
    .describe(
      '`shadow`: decide and record, but let every request go on that has an identity, as if there were no policy; one without goes on only where the policy allows it. Rules then set no headers and no service account.',
    ),
  allow_anonymous: z
    .boolean()
    .default(false)
    .describe(
      'Let rules decide on requests that oidc-authorizer let pass without a token. Otherwise they are refused with 401.',
    ),
  max_body_bytes: z
    .int()
    .min(1)
    .max(MAX_BODY_BYTES)
    .default(65_536)
    .describe(
      'The longest JSON body that rules may read. A longer one is refused with 413 where a rule reads it.',
    ),
  reveal_rule: z
    .boolean()
    .default(false)
    .describe('Tell the client the name of the rule that refused it, as `rule` of the answer.'),
  context: contextFields
    .optional()
    .describe(
      'What is looked up at Google for each request that is decided, and kept for a while.',
    ),
  audit: z
    .strictObject({
      file: z
        .string()
        .min(1)
        .max(4096)
        .optional()
        .describe('File that gets one JSON line per decision. Default: standard error.'),
      fields: z
        .array(claimName)
        .max(64)
        .default([])
        .describe(
          'Claims to record, each by its name or, with a leading `/`, by JSON Pointer. No other claim is recorded.',
        ),
    })
    .default({ fields: [] })
    .describe('What is recorded of each decision, allow or deny, and where.'),
});

export type PolicyConfig = z.output<typeof policyFields>;
