import type { Row } from './row.ts';
import { authorizationForms } from './rows/authorization-forms.ts';
import { audiences } from './rows/claims/audiences.ts';
import { identities } from './rows/claims/identities.ts';
import { issuers } from './rows/claims/issuers.ts';
import { logins } from './rows/claims/logins.ts';
import { memories } from './rows/claims/memories.ts';
import { requirements } from './rows/claims/requirements.ts';
import { times } from './rows/claims/times.ts';
import { clientCertificates } from './rows/client-certificates.ts';
import { bindings } from './rows/dpop/bindings.ts';
import { nonces } from './rows/dpop/nonces.ts';
import { presentation } from './rows/dpop/presentation.ts';
import { proofClaims } from './rows/dpop/proof-claims.ts';
import { proofKeys } from './rows/dpop/proof-keys.ts';
import { targets } from './rows/dpop/targets.ts';
import { encodings } from './rows/encodings.ts';
import { joseHeaders } from './rows/jose-headers.ts';
import { opaqueTokens } from './rows/opaque-tokens.ts';
import { connectionOptions } from './rows/requests/connection-options.ts';
import { metadataRows } from './rows/requests/metadata.ts';
import { oddRequests } from './rows/requests/odd-requests.ts';
import { preflights } from './rows/requests/preflights.ts';
import { spoofedHeaders } from './rows/requests/spoofed-headers.ts';

export const DPOP_ROWS: readonly Row[] = [
  ...[presentation, bindings, targets, proofClaims, proofKeys, nonces].flat(),
];

const GROUPS: readonly [group: string, rows: readonly Row[]][] = [
  ['Authorization', authorizationForms],
  ['JOSE header', joseHeaders],
  ['encoding', encodings],
  ['claims', [issuers, audiences, times, identities, requirements, logins, memories].flat()],
  ['opaque token', opaqueTokens],
  ['DPoP', DPOP_ROWS],
  ['client certificate', clientCertificates],
  ['request', [spoofedHeaders, connectionOptions, oddRequests].flat()],
  ['metadata', metadataRows],
  ['preflight', preflights],
];

/** The whole table, in the order in which it is played. */
export const ROWS: readonly [name: string, row: Row][] = GROUPS.flatMap(([group, rows]) =>
  rows.map((row): [string, Row] => [`${group}: ${row.name}`, row]),
);
