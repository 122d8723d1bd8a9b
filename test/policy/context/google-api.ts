import type { Google } from '../../../dev/google/start-google.ts';
import { type Clock, systemClock } from '../../../src/core/clock.ts';
import { CLOUD_PLATFORM } from '../../../src/core/google/access-token-source.ts';
import { createAccessTokens } from '../../../src/core/google/access-tokens.ts';
import { createMetadataServerSource } from '../../../src/core/google/sources/metadata-server.ts';
import { createGoogleApi, type GoogleApi } from '../../../src/policy/context/google-api.ts';

/** The stand-in's APIs, asked as the account of its metadata server. */
export function googleApi(
  google: Google,
  scope = CLOUD_PLATFORM,
  clock: Clock = systemClock,
): GoogleApi {
  const tokens = createAccessTokens({ clock });
  const environment = { GCE_METADATA_HOST: google.metadataHost };
  const source = createMetadataServerSource(environment, clock);
  return createGoogleApi(() => ({ tokens, source, scope }));
}
