/**
 * A member as an IAM policy writes it (cloud.google.com/iam/docs/principal-identifiers). Options may leave the
 * prefix of an email out.
 */
export function policyMember(text: string): string {
  if (text === 'allUsers' || text === 'allAuthenticatedUsers' || text.includes(':')) return text;
  return `${isServiceAccount(text) ? 'serviceAccount' : 'user'}:${text}`;
}

/**
 * Whether a policy's members include a caller who has shown a credential.
 *
 * @param caller the names under which a policy may list the caller: emails, `principal://…`, `principalSet://…`
 * @param groupsOf emails of the groups that an email is in, directly or through other groups
 */
export function includesCaller(
  members: Iterable<string>,
  caller: readonly string[],
  groupsOf: (email: string) => readonly string[] = () => [],
): boolean {
  const names = caller.map(policyMember);
  const groups = new Set(caller.filter(isEmail).flatMap((email) => [...groupsOf(email)]));
  // A service account is in no domain, whatever follows its @.
  const domains = caller
    .filter((name) => isEmail(name) && !isServiceAccount(name))
    .map((email) => email.slice(email.lastIndexOf('@') + 1));

  for (const member of members) {
    const [kind, name = ''] = policyMember(member).split(/:(.*)/s);
    if (kind === 'allUsers' || kind === 'allAuthenticatedUsers') return true;
    if (kind === 'group' && groups.has(name.toLowerCase())) return true;
    if (kind === 'domain' && domains.includes(name)) return true;
    if (names.includes(policyMember(member))) return true;
  }
  return false;
}

function isServiceAccount(email: string): boolean {
  return email.endsWith('.gserviceaccount.com');
}

function isEmail(name: string): boolean {
  return name.includes('@') && !name.includes(':');
}
