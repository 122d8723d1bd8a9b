import type { Identity } from '../../core/identity.ts';
import type { JsonValue } from '../../core/json.ts';
import { claimValue } from '../identity/claim-value.ts';
import { scalarText } from '../identity/scalar-text.ts';
import { encodeHeaderList, encodeHeaderValue } from './encode-header-value.ts';

/**
 * The headers that tell the upstream the configured claims.
 *
 * @param claimHeaders claim (name or JSON Pointer) to header name
 * @returns header name to encoded value; a claim that is absent, empty or has no text is left out
 */
export function claimHeaderValues(
  claimHeaders: Record<string, string>,
  identity: Identity,
): Record<string, string> {
  const values: Record<string, string> = {};
  for (const [claim, header] of Object.entries(claimHeaders)) {
    const value = headerValue(claimValue(identity, claim));
    if (value !== null && value !== '') values[header] = value;
  }
  return values;
}

function headerValue(value: JsonValue | undefined): string | null {
  if (!Array.isArray(value)) {
    const text = scalarText(value);
    return text === null ? null : encodeHeaderValue(text);
  }
  const texts = value.map(scalarText);
  // A list with its unwritable elements dropped would be a different claim.
  return texts.every((text) => text !== null) ? encodeHeaderList(texts) : null;
}
