import type { Checks } from './check.ts';
import { checkAudienceForm } from './local/check-audience-form.ts';
import { checkCaching } from './local/check-caching.ts';
import { checkChain } from './local/check-chain.ts';
import { checkCredentialHeader } from './local/check-credential-header.ts';
import { checkFunctions } from './local/check-functions.ts';
import { checkGateway } from './local/check-gateway.ts';
import { checkHeaderChanges } from './local/check-header-changes.ts';
import { checkOrdering } from './local/check-ordering.ts';
import { checkOtherAuthentication } from './local/check-other-authentication.ts';
import { checkPluginConfig } from './local/check-plugin-config.ts';
import { checkPluginServer } from './local/check-plugin-server.ts';
import { checkPluginServerSocket } from './local/check-plugin-server-socket.ts';
import { checkPolicyFile } from './local/check-policy-file.ts';
import { checkPreflight } from './local/check-preflight.ts';
import { checkTokenExposure } from './local/check-token-exposure.ts';
import { checkUpstreamAddress } from './local/check-upstream-address.ts';
import { checkUpstreamHost } from './local/check-upstream-host.ts';
import { checkUpstreamTls } from './local/check-upstream-tls.ts';
import { createOnlineChecks } from './online/create-online-checks.ts';
import type { NamedServices } from './online/google/service-of-route.ts';

/** What needs neither an issuer nor Google: the files, this machine and, where it is named, the gateway. */
export const LOCAL_CHECKS: Checks = {
  'plugin-config': checkPluginConfig,
  'policy-file': checkPolicyFile,
  chain: checkChain,
  ordering: checkOrdering,
  'header-changes': checkHeaderChanges,
  functions: checkFunctions,
  'other-authentication': checkOtherAuthentication,
  caching: checkCaching,
  preflight: checkPreflight,
  'upstream-address': checkUpstreamAddress,
  'token-exposure': checkTokenExposure,
  'upstream-host': checkUpstreamHost,
  'upstream-tls': checkUpstreamTls,
  'audience-form': checkAudienceForm,
  'credential-header': checkCredentialHeader,
  'plugin-server': checkPluginServer,
  'plugin-server-socket': checkPluginServerSocket,
  gateway: checkGateway,
};

/** @param services Cloud Run services by route, where the file does not tell */
export function checksFor(offline: boolean, services: NamedServices): Checks {
  return offline ? LOCAL_CHECKS : { ...LOCAL_CHECKS, ...createOnlineChecks(services) };
}
