import type { Google } from '../../../dev/google/start-google.ts';
import { systemClock } from '../../../src/core/clock.ts';
import { createAccessTokens } from '../../../src/core/google/access-tokens.ts';
import { createMetadataServerSource } from '../../../src/core/google/sources/metadata-server.ts';
import { createGoogleApi, type GoogleApi } from '../../../src/policy/context/google-api.ts';

/** The stand-in's APIs, asked as the account of its metadata server. */
export function googleApi(
  google: Google,
  scope = 'https://www.googleapis.com/auth/cloud-platform',
): GoogleApi {
  const tokens = createAccessTokens({ clock: systemClock });
  const environment = { GCE_METADATA_HOST: google.metadataHost };
  const source = createMetadataServerSource(environment, systemClock);
  return createGoogleApi(() => ({ tokens, source, scope }));
}
