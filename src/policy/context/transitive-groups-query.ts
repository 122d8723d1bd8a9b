import { Malfunction } from '../../core/malfunction.ts';

const LABEL = 'cloudidentity.googleapis.com/groups.discussion_forum';

const MAX_ADDRESS = 254;
/** Narrower than RFC 5321: nothing that means anything in a string of CEL, and nothing outside ASCII. */
const ADDRESS =
  /^[a-z0-9](?:[a-z0-9._%+-]{0,62}[a-z0-9_+-])?@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.){1,20}[a-z]{2,63}$/;
const CUSTOMER = /^C[0-9A-Za-z]{1,63}$/;

/**
 * The address that Google is asked about: in lower case, which is how Google compares them.
 *
 * @returns undefined for an address that is not asked about, because its characters could change the question
 */
export function memberKey(email: string): string | undefined {
  const key = email.length <= MAX_ADDRESS ? asciiLowerCase(email) : '';
  return ADDRESS.test(key) ? key : undefined;
}

/** `toLowerCase` would turn the Kelvin sign into a `k`, and so one address into another. */
export function asciiLowerCase(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

export function isCustomerId(text: string): boolean {
  return CUSTOMER.test(text);
}

/**
 * The groups that a member is in, directly or through other groups: those that Google Groups is used for, and with
 * `customer` only those of one organization.
 *
 * @param member of `memberKey`
 * @throws Malfunction where a part is not of the form that makes quoting it safe
 * @see https://cloud.google.com/identity/docs/reference/rest/v1/groups.memberships/searchTransitiveGroups
 */
export function transitiveGroupsQuery(member: string, customer: string | undefined): string {
  if (memberKey(member) !== member || (customer !== undefined && !isCustomerId(customer))) {
    throw new Malfunction('a part of the question about groups cannot be quoted');
  }
  return [
    `member_key_id == '${member}'`,
    `'${LABEL}' in labels`,
    ...(customer === undefined ? [] : [`parent == 'customers/${customer}'`]),
  ].join(' && ');
}
