import { Malfunction } from '../../../../malfunction.ts';
import { withinTime } from '../../../../within-time.ts';
import { requestText } from '../request-text.ts';

/** Asks the instance metadata service of EC2 for the text at a URL. */
export type AskInstanceMetadata = (url: string) => Promise<string>;

const WHAT = 'AWS instance metadata';
const SESSION_SECONDS = '300';
/** The service is on the machine and answers within milliseconds, or, by its hop limit, never. */
const SESSION_LIMIT_MS = 3000;

/**
 * Asks for what one subject token needs of the instance metadata, in one session where the service wants one (IMDSv2).
 *
 * @param session_url of IMDSv2; without it, IMDSv1 is spoken
 * @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html
 */
export function instanceMetadata(
  session_url: string | undefined,
  signal: AbortSignal,
): AskInstanceMetadata {
  let headers: Promise<Record<string, string>> | undefined;
  return async (url) => {
    headers ??= openSession(session_url, signal);
    return requestText(WHAT, { url, headers: await headers }, signal);
  };
}

/** @returns the headers of a request in the session */
async function openSession(
  url: string | undefined,
  signal: AbortSignal,
): Promise<Record<string, string>> {
  if (url === undefined) return {};
  const headers = { 'x-aws-ec2-metadata-token-ttl-seconds': SESSION_SECONDS };
  const token = await withinTime(
    SESSION_LIMIT_MS,
    (late) => requestText(WHAT, { url, method: 'PUT', headers }, AbortSignal.any([signal, late])),
    () =>
      new Malfunction(
        `${WHAT} gave no session within ${SESSION_LIMIT_MS} ms; for a container, the instance's ` +
          'HttpPutResponseHopLimit must be at least 2',
      ),
  );
  if (!/^[\x21-\x7e]{1,1024}$/.test(token)) {
    throw new Malfunction('the answer of imdsv2_session_token_url is not a token');
  }
  return { 'x-aws-ec2-metadata-token': token };
}
