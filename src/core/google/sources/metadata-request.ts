import { gcpMetadata } from 'google-auth-library';
import { ConfigError } from '../../config-error.ts';
import { Malfunction } from '../../malfunction.ts';
import { AnswerMalfunction } from '../answer-malfunction.ts';
import type { Environment } from '../environment.ts';
import { googleRequest } from '../google-request.ts';

/**
 * Where the metadata server has something of the service account attached to this machine, pod or Cloud Run revision.
 *
 * @param what such as `token`
 * @throws ConfigError where GCE_METADATA_HOST (or GCE_METADATA_IP) names no host
 */
export function metadataUrl(environment: Environment, what: string): string {
  const host =
    environment.GCE_METADATA_IP || environment.GCE_METADATA_HOST || gcpMetadata.HOST_ADDRESS;
  const base = /^https?:\/\//.test(host) ? host : `http://${host}`;
  if (!URL.canParse(base)) throw new ConfigError(['GCE_METADATA_HOST: is not a host']);
  const path = `${gcpMetadata.BASE_PATH}/instance/service-accounts/default/${what}`;
  return new URL(path, base).href;
}

/** The metadata server has not got what it was asked for. */
export class MetadataRefusal extends AnswerMalfunction {
  readonly status: number;

  constructor(status: number, response: unknown) {
    super(`HTTP ${status}`, response);
    this.name = 'MetadataRefusal';
    this.status = status;
  }
}

/**
 * Asks the metadata server. The library's `Compute` is not used: it puts parameters into the URL unencoded, cannot be
 * aborted, waits without end on Google Cloud, and prints tokens where GOOGLE_SDK_NODE_LOGGING is set.
 *
 * @returns the text of the answer
 * @throws MetadataRefusal, Malfunction, or what the transport throws
 * @see https://cloud.google.com/compute/docs/metadata/querying-metadata
 */
export async function metadataRequest(
  url: string,
  params: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<string> {
  const response = await googleRequest<string>(
    {
      url,
      params,
      headers: gcpMetadata.HEADERS,
      responseType: 'text',
      validateStatus: (status) => status < 500,
    },
    { signal },
  );
  const { status, data, headers } = response;
  // Whoever else answers on that address, as AWS and Azure do, does not know the header's name.
  if (headers.get(gcpMetadata.HEADER_NAME) !== gcpMetadata.HEADER_VALUE) {
    throw new Malfunction('the answer does not come from a metadata server of Google');
  }
  if (status !== 200) throw new MetadataRefusal(status, response);
  return data;
}
