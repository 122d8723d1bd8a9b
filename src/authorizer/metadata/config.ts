import { z } from 'zod';
import { secureUrl } from '../../core/config/fields.ts';

export const resourceMetadataFields = z.strictObject({
  resource: secureUrl(
    'The identifier of this API (RFC 9728 §1.2): the URL that clients know it by, such as `https://api.example.com/tasks`. ' +
      "Its metadata are served where that RFC says, `https://api.example.com/.well-known/oauth-protected-resource/tasks`, provided that this path is among the route's `paths`.",
  ).refine((url) => !url.includes('?'), { error: 'must not have a query' }),
  authorization_servers: z
    .array(secureUrl('An issuer identifier.'))
    .min(1)
    .max(100)
    .optional()
    .describe('Where clients get tokens. Default: the configured issuers.'),
  scopes_supported: z
    .array(z.string().min(1).max(256))
    .max(1000)
    .optional()
    .describe('Scopes that clients may ask for. Default: `required_scopes`.'),
  resource_name: z
    .string()
    .min(1)
    .max(1024)
    .optional()
    .describe('The name of the API, to show to people.'),
  resource_documentation: secureUrl('Where developers read about the API.').optional(),
});
