import { randomBytes } from 'node:crypto';
import { type Clock, epochSeconds } from '../../src/core/clock.ts';
import type { AwsAccessKey } from './access-keys.ts';

/** Credentials of a role, as AWS's credential endpoints hand them out. */
export interface RoleCredentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken: string;
  /** seconds since the epoch */
  issuedAt: number;
  expiresAt: number;
}

export interface RoleCredentialsIssuer {
  current(): RoleCredentials;
  /** The next request finds new ones; those before stay good until they end. */
  rotate(): void;
  /** all that have not ended, for AWS STS */
  accessKeys(): AwsAccessKey[];
}

/** AWS makes new ones at least five minutes before the old ones end. */
const REFRESH_SECONDS = 300;

/** Temporary credentials of an assumed role, the same ones until they are about to end. */
export function createRoleCredentials(
  arn: string,
  lifetimeSeconds: number,
  clock: Clock,
): RoleCredentialsIssuer {
  let issued: RoleCredentials[] = [];
  let due = true;

  function current(): RoleCredentials {
    const now = epochSeconds(clock);
    const newest = issued.at(-1);
    if (newest !== undefined && !due && newest.expiresAt - now >= REFRESH_SECONDS) return newest;
    due = false;
    const made = {
      accessKeyId: `ASIA${randomBytes(8).toString('hex').toUpperCase()}`,
      secretAccessKey: randomBytes(30).toString('base64'),
      sessionToken: randomBytes(300).toString('base64'),
      issuedAt: now,
      expiresAt: now + lifetimeSeconds,
    };
    issued.push(made);
    return made;
  }

  return {
    current,
    rotate: () => {
      due = true;
    },
    accessKeys: () => {
      issued = issued.filter(({ expiresAt }) => expiresAt > epochSeconds(clock));
      return issued.map(({ accessKeyId, secretAccessKey, sessionToken, expiresAt }) => ({
        accessKeyId,
        secretAccessKey,
        sessionToken,
        expiresAt,
        arn,
      }));
    },
  };
}
