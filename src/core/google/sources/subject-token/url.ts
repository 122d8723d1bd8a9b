import type { UrlSource } from '../../credentials/parse-credential-source.ts';
import { readSubjectToken } from './read-subject-token.ts';
import { requestText } from './request-text.ts';
import type { SubjectTokenSource } from './subject-token-source.ts';

const WHAT = "the answer of the subject token's URL";

/** A token that a service on this machine gives out, as the instance metadata of Azure does. */
export function createUrlSource({ url, headers, format }: UrlSource): SubjectTokenSource {
  return {
    async fetchSubjectToken(signal) {
      const text = await requestText("the subject token's URL", { url, headers }, signal);
      return readSubjectToken(WHAT, text, format);
    },
  };
}
