import { z } from 'zod';

const claimName = z.string().min(1).max(256);

export const policyFields = z.strictObject({
  policy_file: z
    .string()
    .min(1)
    .max(4096)
    .optional()
    .describe(
      "Path of the policy: a YAML file. Relative to the plugin server's working directory. " +
        'Either this or `policy` is required.',
    ),
  policy: z
    .string()
    .min(1)
    // The stock plugin server dies of a config message whose 64 KB boundary falls inside a MessagePack header.
    .max(49_152)
    .optional()
    .describe(
      'The policy itself, as YAML text; a longer one goes into a file. Either this or `policy_file` is required.',
    ),
  labels: z
    .record(z.string().min(1).max(256), z.string().max(1024))
    .default({})
    .describe(
      'Labels of this route, such as its environment and project; rules read them as `labels.env`.',
    ),
  allow_anonymous: z
    .boolean()
    .default(false)
    .describe(
      'Let rules decide on requests that oidc-authorizer let pass without a token. Otherwise they are refused with 401.',
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
