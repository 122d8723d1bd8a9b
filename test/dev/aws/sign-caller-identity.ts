import type { AwsAccessKey } from '../../../dev/aws/access-keys.ts';
import { signatureV4 } from '../../../dev/aws/signature-v4.ts';

export interface SignOptions {
  key: AwsAccessKey;
  /** `YYYYMMDDThhmmssZ` */
  date: string;
  region?: string;
  /** more headers, or other values for the usual ones; undefined leaves one out */
  headers?: Record<string, string | undefined>;
  /** default: all of them */
  signedHeaders?: readonly string[];
  url?: string;
  method?: string;
  service?: string;
}

/** A signed GetCallerIdentity request, right in all that the options do not change. */
export function signCallerIdentity({ key, date, ...options }: SignOptions) {
  const { region = 'eu-central-1', method = 'POST', service = 'sts' } = options;
  const url = new URL(
    options.url ??
      `https://sts.${region}.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15`,
  );
  const all = {
    host: url.host,
    'x-amz-date': date,
    'x-amz-security-token': key.sessionToken,
    ...options.headers,
  };
  const headers = new Map<string, string>();
  for (const [name, value] of Object.entries(all)) {
    if (value !== undefined) headers.set(name, value);
  }
  const signedHeaders = options.signedHeaders ?? [...headers.keys()].sort();
  const signature = signatureV4(
    {
      method,
      path: url.pathname,
      query: url.searchParams,
      headers,
      signedHeaders,
      body: '',
      date,
      region,
      service,
    },
    key.secretAccessKey,
  );
  const scope = `${date.slice(0, 8)}/${region}/${service}/aws4_request`;
  headers.set(
    'authorization',
    `AWS4-HMAC-SHA256 Credential=${key.accessKeyId}/${scope}, SignedHeaders=${signedHeaders.join(';')}, Signature=${signature}`,
  );
  return { url: url.href, method, headers };
}
