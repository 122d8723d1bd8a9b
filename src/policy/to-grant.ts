import type { GrantDocument } from './document/schema.ts';
import type { Grant } from './policy.ts';

export function toGrant(grant: GrantDocument): Grant {
  return {
    name: grant.name,
    subject: grant.subject ?? null,
    group: grant.group ?? null,
    issuer: grant.issuer ?? null,
    role: grant.role ?? null,
    rule: grant.rule ?? null,
    max_uses: grant.max_uses ?? null,
    not_before: grant.not_before ?? Number.NEGATIVE_INFINITY,
    expires: grant.expires,
  };
}
