import { AnswerMalfunction } from '../answer-malfunction.ts';
import type { ExternalAccount } from '../credentials/parse-external-account.ts';
import { failureReason } from '../failure-reason.ts';
import { googleRequest } from '../google-request.ts';

/**
 * Exchanges a token of another platform for one of Google's (RFC 8693 §2.1).
 *
 * @returns the token endpoint's answer
 * @throws Malfunction, whose cause is left out: the transport's error has the subject token in it
 * @see https://cloud.google.com/iam/docs/reference/sts/rest/v1/TopLevel/token
 */
export async function exchangeSubjectToken(
  { token_url, audience, subject_token_type }: ExternalAccount,
  subject_token: string,
  { scope, signal }: { scope: string; signal: AbortSignal },
): Promise<unknown> {
  const data = new URLSearchParams({
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    audience,
    scope,
    requested_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    subject_token,
    subject_token_type,
  });
  try {
    const response = await googleRequest<unknown>(
      {
        url: token_url,
        method: 'POST',
        data,
        responseType: 'json',
        // A subject token is not used up.
        retryConfig: { httpMethodsToRetry: ['POST'] },
      },
      { signal },
    );
    return response.data;
  } catch (error) {
    const { response } = error as { response?: unknown };
    throw new AnswerMalfunction(`the token exchange failed: ${failureReason(error)}`, response);
  }
}
