import { isJsonObject, ownMember } from '../../../json.ts';
import { Malfunction } from '../../../malfunction.ts';
import type { SubjectTokenFormat } from '../../credentials/parse-credential-source.ts';
import { parseJson } from '../../parse-json.ts';

/**
 * Reads a subject token out of what a file or a URL holds. Space around it, such as the newline that editors leave at the
 * end of a file, does not belong to it.
 *
 * @param what names the place in errors, such as `the subject token's file`
 * @throws Malfunction without content
 */
export function readSubjectToken(what: string, text: string, format: SubjectTokenFormat): string {
  const token = find(what, text, format).trim();
  if (token === '') throw new Malfunction(`${what} is empty`);
  // A JWT, or SAML in Base64.
  if (!/^[\x21-\x7e]+$/.test(token)) throw new Malfunction(`${what} holds something else`);
  return token;
}

function find(what: string, text: string, format: SubjectTokenFormat): string {
  if (format.type === 'text') return text;
  const json = parseJson(text);
  if (!isJsonObject(json)) throw new Malfunction(`${what} holds no JSON object`);
  const token = ownMember(json, format.subject_token_field_name);
  if (typeof token !== 'string') {
    throw new Malfunction(`${what} has no string in the field that subject_token_field_name names`);
  }
  return token;
}
