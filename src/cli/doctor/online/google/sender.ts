import type { CloudRunConfig } from '../../../../cloud-run/config.ts';
import type { IdTokenSource } from '../../../../cloud-run/id-token-source.ts';
import type { AccessTokenSource } from '../../../../core/google/access-token-source.ts';
import type { FoundCredentials } from '../../../../core/google/credentials/google-credentials.ts';

/** A Google account by which a route may reach its service. */
export interface Sender {
  /** The service account that is impersonated; undefined where the credentials speak for themselves. */
  impersonated: string | undefined;
  /** Its e-mail, as far as the credentials tell; that of the metadata server has to be asked for. */
  email: string | undefined;
  /** Whether policies choose it, rather than that it is the route's own. */
  by_policy: boolean;
  id_tokens: IdTokenSource;
  access_tokens: AccessTokenSource;
}

/** A route with `cloud-run-token`. */
export interface TokenRoute {
  name: string;
  /** Of the Kong service. */
  host: string;
  /** Whether requests go to a `run.app` URL. */
  by_url: boolean;
  config: CloudRunConfig;
  /** Of the ID token; undefined where it is unknown here, or the host makes none. */
  audience: string | undefined;
  /** Resource name of the Cloud Run service; undefined where nothing tells. */
  resource: string | undefined;
  credentials: RouteCredentials;
}

export type RouteCredentials =
  /** They stand where only the gateway can read them, such as a vault. */
  | { outcome: 'elsewhere' }
  | { outcome: 'unusable'; problems: readonly string[] }
  | {
      outcome: 'usable';
      found: FoundCredentials;
      /** Access tokens of the credentials themselves, without `service_account`. */
      base: AccessTokenSource;
      senders: readonly Sender[];
    };
