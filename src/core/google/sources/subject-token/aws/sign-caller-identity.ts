import { AwsRequestSigner, type AwsSecurityCredentials } from 'google-auth-library';

interface CallerIdentity {
  region: string;
  /** With `{region}` in it. */
  verification_url: string;
  /** The provider. Signed as well, so that nobody can present the request to another one. */
  audience: string;
}

/**
 * Signs a request to GetCallerIdentity of AWS STS, and serializes it as Google wants it for a subject token.
 * `AwsClient` would leave the provider unsigned. The signer takes the time from the system.
 *
 * @see https://cloud.google.com/iam/docs/reference/sts/rest/v1/TopLevel/token under `subjectToken`
 */
export async function signCallerIdentity(
  credentials: AwsSecurityCredentials,
  { region, verification_url, audience }: CallerIdentity,
): Promise<string> {
  const url = verification_url.replace('{region}', region);
  const method = 'POST';
  const signer = new AwsRequestSigner(async () => credentials, region);
  const { headers } = await signer.getRequestOptions({
    url,
    method,
    headers: { 'x-goog-cloud-target-resource': audience },
  });
  const pairs = [...new Headers(headers)].map(([key, value]) => ({ key, value }));
  return encodeURIComponent(JSON.stringify({ url, method, headers: pairs }));
}
