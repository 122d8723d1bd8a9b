/** A person who can sign in, and how strongly they do. */
export interface DevUser {
  /** The user name, and the `sub` of every token. */
  sub: string;
  name: string;
  groups: string[];
  /** How they authenticated: RFC 8176 values. */
  amr: string[];
  /** The authentication context this reaches: one of `ACR_VALUES`. */
  acr: AcrValue;
}

/** Weakest first. `phr` is "phishing-resistant" of the OpenID Connect EAP ACR values. */
export const ACR_VALUES = ['pwd', 'mfa', 'phr'] as const;
type AcrValue = (typeof ACR_VALUES)[number];

/** Everybody the identity provider knows. There are no passwords: picking a name signs in. */
export const USERS: readonly DevUser[] = [
  {
    sub: 'alice',
    name: 'Alice Archer',
    groups: ['qa-leads', 'engineering'],
    amr: ['pwd', 'mfa'],
    acr: 'phr',
  },
  { sub: 'bob', name: 'Bob Brewer', groups: ['engineering'], amr: ['pwd'], acr: 'pwd' },
  {
    sub: 'carol',
    name: 'Carol Cooper',
    groups: ['qa-leads', 'prod-operators'],
    amr: ['pwd', 'mfa'],
    acr: 'mfa',
  },
  { sub: 'dave', name: 'Dave Draper', groups: [], amr: ['pwd'], acr: 'pwd' },
  // On call: no standing production rights, so every right there comes from a temporary grant.
  { sub: 'erin', name: 'Erin Ellis', groups: ['engineering'], amr: ['pwd', 'mfa'], acr: 'mfa' },
];

export function findUser(sub: string): DevUser | undefined {
  return USERS.find((user) => user.sub === sub);
}

/** The claims about a user that do not depend on how they signed in. */
export function userClaims(user: DevUser): {
  sub: string;
  name: string;
  email: string;
  email_verified: boolean;
  groups: string[];
} {
  const { sub, name, groups } = user;
  return { sub, name, email: `${sub}@example.com`, email_verified: true, groups };
}
