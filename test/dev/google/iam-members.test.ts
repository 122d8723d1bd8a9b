import { describe, expect, it } from 'vitest';
import { includesCaller, policyMember } from '../../../dev/google/iam-members.ts';

const GATEWAY = 'gateway@demo-project.iam.gserviceaccount.com';
const PRINCIPAL =
  'principal://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/subject/s';

describe('policyMember', () => {
  it.each([
    [GATEWAY, `serviceAccount:${GATEWAY}`],
    ['alice@example.com', 'user:alice@example.com'],
    ['user:alice@example.com', 'user:alice@example.com'],
    ['allUsers', 'allUsers'],
    ['allAuthenticatedUsers', 'allAuthenticatedUsers'],
    [PRINCIPAL, PRINCIPAL],
  ])('writes %s as %s', (text, member) => {
    expect(policyMember(text)).toBe(member);
  });
});

describe('includesCaller', () => {
  const groupsOf = (email: string) => (email === GATEWAY ? ['gateways@example.com'] : []);

  it.each([
    [GATEWAY, GATEWAY],
    [`serviceAccount:${GATEWAY}`, GATEWAY],
    ['allUsers', GATEWAY],
    ['allAuthenticatedUsers', GATEWAY],
    ['group:gateways@example.com', GATEWAY],
    ['domain:example.com', 'alice@example.com'],
    [PRINCIPAL, PRINCIPAL],
  ])('finds in %s the caller %s', (member, caller) => {
    expect(includesCaller([member], [caller], groupsOf)).toBe(true);
  });

  it.each([
    [`user:${GATEWAY}`, GATEWAY],
    [`deleted:serviceAccount:${GATEWAY}?uid=1`, GATEWAY],
    ['group:others@example.com', GATEWAY],
    ['domain:demo-project.iam.gserviceaccount.com', GATEWAY],
    ['domain:example.com', 'alice@sub.example.com'],
    ['user:alice@example.com', 'bob@example.com'],
    [`${PRINCIPAL}x`, PRINCIPAL],
  ])('does not find in %s the caller %s', (member, caller) => {
    expect(includesCaller([member], [caller], groupsOf)).toBe(false);
  });
});
