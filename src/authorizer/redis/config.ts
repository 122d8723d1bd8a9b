import { z } from 'zod';
import { REFERENCEABLE } from '../../core/config/fields.ts';

const credential = z
  .string()
  // Kong puts an empty string where a vault reference cannot be resolved; that must not mean no password.
  .min(1)
  .max(4096)
  .meta(REFERENCEABLE);

/** Kong's own words for a Redis server, as its `rate-limiting` plugin has them under `redis`. */
export const redisFields = z
  .strictObject({
    host: z
      .string()
      .min(1)
      .max(253)
      .regex(/^[0-9A-Za-z._:-]+$/, { error: 'must be a host name or an IP address' })
      .describe(
        'Host name or IP address of the Redis server, version 5 or newer, or of the primary of a replicated one. Redis Cluster is not supported.',
      ),
    port: z.int().min(1).max(65_535).default(6379).describe('Port of the Redis server.'),
    username: credential
      .optional()
      .describe('User of an access control list of Redis (version 6 or newer).'),
    password: credential
      .optional()
      .describe(
        'Password of that user, or of the server. Without `ssl` it crosses the network in the clear.',
      ),
    database: z.int().min(0).max(65_535).default(0).describe('Number of the database.'),
    ssl: z
      .boolean()
      .default(false)
      .describe(
        'Use TLS. Without it, whoever can read or alter the traffic to Redis can use proofs twice and undo revocations: leave it off on loopback, or where the network itself encrypts.',
      ),
    ssl_verify: z
      .boolean()
      .default(true)
      .describe(
        'Verify the certificate of the server against the authorities that Node.js trusts, those in the file named by NODE_EXTRA_CA_CERTS among them.',
      ),
    server_name: z
      .string()
      .min(1)
      .max(253)
      .regex(/^[0-9A-Za-z._-]+$/, { error: 'must be a host name' })
      .optional()
      .describe(
        'Name that the certificate of the server must have, also sent as SNI. Default: `host`.',
      ),
    timeout_ms: z
      .int()
      .min(50)
      .max(5000)
      .default(500)
      .describe(
        'How long to wait for a connection to Redis, and for each answer, in milliseconds. Requests that need it are then refused.',
      ),
    key_prefix: z
      .string()
      .min(1)
      .max(128)
      .regex(/^[!-~]+$/, { error: 'must be printable ASCII without spaces' })
      .default('kong-cloud-run-auth:')
      .describe(
        'What all keys in Redis begin with. Gateways share what they have under the same prefix.',
      ),
    max_stale_seconds: z
      .int()
      .min(5)
      .max(3600)
      .default(60)
      .describe(
        'How long revocations may be out of date while Redis cannot be reached. Beyond that requests are refused.',
      ),
  })
  .refine(({ username, password }) => username === undefined || password !== undefined, {
    path: ['password'],
    error: 'is required where there is a username',
  });

export type RedisSettings = z.output<typeof redisFields>;
