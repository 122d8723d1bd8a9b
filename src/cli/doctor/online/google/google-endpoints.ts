import { ConfigError } from '../../../../core/config-error.ts';
import { type Environment, endpointOf } from '../../../../core/google/environment.ts';
import { iamCredentialsEndpoint } from '../../../../core/google/iam-credentials-endpoint.ts';

/** Where Google's APIs are, each without a slash at its end, or why that cannot be told. */
export interface GoogleEndpoints {
  cloud_run: string | { problem: string };
  iam_credentials: string | { problem: string };
}

export function googleEndpoints(environment: Environment): GoogleEndpoints {
  return {
    cloud_run: attempt(() =>
      endpointOf(environment, 'CLOUD_RUN_API_ENDPOINT', 'https://run.googleapis.com'),
    ),
    iam_credentials: attempt(() => iamCredentialsEndpoint(environment)),
  };
}

function attempt(read: () => string): string | { problem: string } {
  try {
    return read();
  } catch (error) {
    if (error instanceof ConfigError) return { problem: error.problems.join('; ') };
    throw error;
  }
}
