import { z } from 'zod';
import { cloudRunServiceSchema } from './cloud-run-services.ts';

/** What a `--config` file may hold: options of `startGoogle`, under their names. */
export const configSchema = z.strictObject({
  serviceAccounts: z
    .array(
      z.strictObject({
        email: z.string(),
        uniqueId: z.string().exactOptional(),
        tokenCreators: z.array(z.string()).exactOptional(),
      }),
    )
    .nonempty()
    .exactOptional(),
  users: z
    .array(
      z.strictObject({
        email: z.string(),
        clientId: z.string(),
        clientSecret: z.string(),
        refreshToken: z.string(),
        scopes: z.array(z.string()).exactOptional(),
      }),
    )
    .exactOptional(),
  workloadIdentityProviders: z
    .array(
      z.union([
        z.strictObject({
          audience: z.string(),
          issuer: z.url(),
          jwksUri: z.url().exactOptional(),
          allowedAudiences: z.array(z.string()).exactOptional(),
        }),
        z.strictObject({
          audience: z.string(),
          aws: z.strictObject({
            accountId: z.string().regex(/^\d{12}$/),
            accessKeys: z.array(
              z.strictObject({
                accessKeyId: z.string(),
                secretAccessKey: z.string(),
                sessionToken: z.string().exactOptional(),
                arn: z.string(),
                expiresAt: z.number().exactOptional(),
              }),
            ),
            acceptUnsignedTarget: z.boolean().exactOptional(),
          }),
        }),
      ]),
    )
    .exactOptional(),
  cloudRunServices: z.array(cloudRunServiceSchema).exactOptional(),
  cloudRunViewers: z.array(z.string()).exactOptional(),
  cloudRunInvokers: z.array(z.string()).exactOptional(),
  groups: z
    .array(
      z.strictObject({
        email: z.string(),
        displayName: z.string().exactOptional(),
        members: z.array(z.string()),
        customer: z.string().exactOptional(),
      }),
    )
    .exactOptional(),
  groupsReaders: z.array(z.string()).exactOptional(),
  customer: z.string().exactOptional(),
});
