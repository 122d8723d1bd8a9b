import type { Told } from '../../finding.ts';
import type { IdTokenFacts } from './mint.ts';

/**
 * What Cloud Run will not like of an account's ID tokens, though their audience and time are right.
 *
 * @param expected e-mail of the account, as far as it is known
 * @param account how it is called
 */
export function judgeIdToken(
  { is_of_google, email, email_verified }: IdTokenFacts,
  expected: string | undefined,
  account: string,
): Told[] {
  const who = expected ?? account;
  if (!is_of_google) {
    return [
      error(
        `The ID tokens of ${who} are not issued by https://accounts.google.com, so Cloud Run takes none of them.`,
      ),
    ];
  }
  if (email === undefined) {
    return [
      error(
        `The ID tokens of ${who} have no email, by which Cloud Run knows who may invoke a service.`,
      ),
    ];
  }
  if (!email_verified) {
    return [
      error(
        `The email in the ID tokens of ${who} is not verified, so Cloud Run knows nobody by it.`,
      ),
    ];
  }
  if (expected !== undefined && email !== expected) {
    return [error(`The ID tokens that should be of ${who} are of another account.`)];
  }
  return [];
}

function error(message: string): Told {
  return { check: 'credentials', severity: 'error', message };
}
