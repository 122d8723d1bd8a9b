import type { ASTNode } from '../library.ts';
import { claim, type Known, selectedPath } from './known.ts';

/** What `has(identity.email)`, `has(labels.env)` and `has(identity.claims.amr)` ask for. */
export function knownPresence(node: ASTNode): Known<boolean> | null {
  const [record, field, name, ...more] = selectedPath(node) ?? [];
  if (field === undefined || more.length > 0) return null;
  if (name !== undefined) {
    if (record !== 'identity' || field !== 'claims') return null;
    return (variables) => isThere(claim(variables, name));
  }
  if (record === 'labels') return ({ labels }) => labels.has(field);
  if (record !== 'identity') return null;
  switch (field) {
    case 'subject':
    case 'issuer':
    case 'email':
      return ({ identity }) => identity[field] !== undefined;
    default:
      return null;
  }
}

/** Even asking for an integer that JSON has rounded is an error. */
function isThere(value: unknown): boolean | undefined {
  if (typeof value !== 'object' || value === null) return value !== undefined;
  return Array.isArray(value) || value instanceof Map ? true : undefined;
}
