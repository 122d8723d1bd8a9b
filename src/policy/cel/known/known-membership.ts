import type { ASTNode } from '../library.ts';
import { isAmong } from './is-among.ts';
import { claim, type Known, selectedPath } from './known.ts';
import { knownText } from './known-text.ts';

/**
 * `request.method in ["GET", "HEAD"]`, `"qa-leads" in identity.groups`, `"env" in labels`,
 * `now.date("Europe/Berlin") in holidays.germany`
 */
export function knownMembership(element: ASTNode, container: ASTNode): Known<boolean> | null {
  const text = knownText(element);
  if (text === null) return null;
  if (container.op === 'list') return inLiteralList(text, container.args);
  const path = selectedPath(container);
  if (path === null) return null;
  switch (path.join('.')) {
    case 'identity.groups':
      return (variables) => isAmong(text(variables), variables.identity.groups);
    case 'identity.scopes':
      return (variables) => isAmong(text(variables), variables.identity.scopes);
    case 'labels':
      return (variables) => isKey(text(variables), variables.labels);
    case 'request.headers':
      return (variables) => isKey(text(variables), variables.request.headers);
    default:
      return inHolidays(text, path) ?? inClaim(text, path);
  }
}

function inLiteralList(text: Known<string>, elements: readonly ASTNode[]): Known<boolean> | null {
  const texts = new Set<string>();
  for (const element of elements) {
    if (element.op !== 'value' || typeof element.args !== 'string') return null;
    texts.add(element.args);
  }
  return (variables) => {
    const value = text(variables);
    return value === undefined ? undefined : texts.has(value);
  };
}

function inHolidays(text: Known<string>, path: readonly string[]): Known<boolean> | null {
  const [variable, calendar, ...more] = path;
  if (variable !== 'holidays' || calendar === undefined || more.length > 0) return null;
  return (variables) => {
    const dates = variables.holidays.get(calendar);
    return dates && isAmong(text(variables), dates);
  };
}

/** `"mfa" in identity.claims.amr`, where that is a list of strings as far as the CEL library looks: at the first. */
function inClaim(text: Known<string>, path: readonly string[]): Known<boolean> | null {
  const [record, field, name, ...more] = path;
  if (record !== 'identity' || field !== 'claims' || name === undefined || more.length > 0) {
    return null;
  }
  return (variables) => {
    const list = claim(variables, name);
    if (!Array.isArray(list) || typeof list[0] !== 'string') return undefined;
    return isAmong(text(variables), list);
  };
}

function isKey(
  text: string | undefined,
  map: ReadonlyMap<string, unknown> | undefined,
): boolean | undefined {
  return text === undefined ? undefined : map?.has(text);
}
