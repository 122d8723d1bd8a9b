import type { Google } from '../../../dev/google/start-google.ts';
import { systemClock } from '../../../src/core/clock.ts';
import { createAccessTokens } from '../../../src/policy/context/google/access-tokens.ts';
import { createGoogleApi, type GoogleApi } from '../../../src/policy/context/google/google-api.ts';
import { createMetadataServerSource } from '../../../src/policy/context/google/metadata-server.ts';

/** The stand-in's APIs, asked as the account of its metadata server. */
export function googleApi(
  google: Google,
  scope = 'https://www.googleapis.com/auth/cloud-platform',
): GoogleApi {
  const tokens = createAccessTokens({ clock: systemClock });
  tokens.use(createMetadataServerSource({ GCE_METADATA_HOST: google.metadataHost }, systemClock));
  return createGoogleApi(tokens, scope);
}
