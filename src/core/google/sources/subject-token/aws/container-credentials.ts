import type { AwsSecurityCredentials } from 'google-auth-library';
import { ConfigError } from '../../../../config-error.ts';
import { Malfunction } from '../../../../malfunction.ts';
import type { Environment } from '../../../environment.ts';
import { parseJson } from '../../../parse-json.ts';
import { readBoundedFile } from '../read-bounded-file.ts';
import { requestText } from '../request-text.ts';
import { containerCredentialsUrl } from './container-credentials-url.ts';
import { readAwsCredentials } from './read-aws-credentials.ts';

const TOKEN = 'AWS_CONTAINER_AUTHORIZATION_TOKEN';
const TOKEN_FILE = 'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE';
const MAX_TOKEN_BYTES = 16_384;

/**
 * The credentials of an ECS task (Fargate included) or of a pod with EKS Pod Identity, which Google's libraries do not
 * know.
 *
 * @throws ConfigError where the environment names a place that AWS's own libraries would not ask either
 * @see https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
 */
export function containerCredentials(
  environment: Environment,
): ((signal: AbortSignal) => Promise<AwsSecurityCredentials>) | undefined {
  const url = containerCredentialsUrl(environment);
  if (url === undefined) return undefined;
  checkToken(environment[TOKEN]);
  return async (signal) => {
    const token = await readToken(environment);
    const headers = token === undefined ? {} : { authorization: token };
    const text = await requestText('AWS container credentials', { url, headers }, signal);
    const credentials = readAwsCredentials(parseJson(text));
    if (credentials === undefined) {
      throw new Malfunction('the answer of the container is not AWS credentials');
    }
    return credentials;
  };
}

function checkToken(token: string | undefined): void {
  if (token && !isHeaderValue(token)) throw new ConfigError([`${TOKEN}: is not a header value`]);
}

/** The file is replaced in time, so it is read anew. */
async function readToken(environment: Environment): Promise<string | undefined> {
  const file = environment[TOKEN_FILE];
  if (!file) return environment[TOKEN] || undefined;
  const token = (await readBoundedFile(TOKEN_FILE, file, MAX_TOKEN_BYTES)).trim();
  if (!isHeaderValue(token)) throw new Malfunction(`${TOKEN_FILE} holds something else`);
  return token;
}

function isHeaderValue(text: string): boolean {
  return /^[\x20-\x7e]+$/.test(text);
}
