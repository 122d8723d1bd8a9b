import type { IdentityValue } from '../variables.ts';

/** An identity that can say of a role whether it is held, where that can be told without evaluating its expression. */
interface Foreteller {
  foretells(role: string): boolean | undefined;
}

export function foretellRole(
  identity: IdentityValue & Partial<Foreteller>,
  role: string,
): boolean | undefined {
  return identity.foretells?.(role);
}
