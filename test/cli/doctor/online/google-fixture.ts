import { afterAll, beforeAll } from 'vitest';
import type { CloudRunServiceOptions } from '../../../../dev/google/cloud-run-services.ts';
import { type Google, startGoogle } from '../../../../dev/google/start-google.ts';
import { GATEWAY, look, READER, type RouteOptions, SERVICE } from './support.ts';

export interface GoogleOfTests {
  readonly google: Google;
  /** Replaces the one service. */
  set(service: Partial<CloudRunServiceOptions>): void;
  look: typeof look;
}

/** One Google for all tests of a file, whose attached account is the gateway's and may read services. */
export function withGoogle(options: Parameters<typeof startGoogle>[0] = {}): GoogleOfTests {
  let running: Google | undefined;
  beforeAll(async () => {
    running = await startGoogle({
      serviceAccounts: [{ email: GATEWAY }, { email: READER, tokenCreators: [GATEWAY] }],
      ...options,
    });
  });
  afterAll(() => running?.stop());
  const google = () => {
    if (running === undefined) throw new Error('Google is not running');
    return running;
  };
  return {
    get google() {
      return google();
    },
    set: (service) => google().setCloudRunService({ name: SERVICE, ...service }),
    look: (check, routes: readonly RouteOptions[], { environment, ...more } = {}) =>
      look(check, routes, {
        environment: {
          CLOUD_RUN_API_ENDPOINT: google().url,
          IAM_CREDENTIALS_ENDPOINT: google().url,
          GCE_METADATA_HOST: google().metadataHost,
          ...environment,
        },
        ...more,
      }),
  };
}
