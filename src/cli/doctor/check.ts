import type { AuthorizerConfig } from '../../authorizer/config.ts';
import type { CloudRunConfig } from '../../cloud-run/config.ts';
import type { Clock } from '../../core/clock.ts';
import type { Environment } from '../../core/google/environment.ts';
import type { DeclaredRoute } from '../../kong/declarative-config/declarative-config.ts';
import type { PolicyConfig } from '../../policy/config.ts';
import type { ConfiguredPlugin } from '../configure-plugin.ts';
import type { Finding } from './finding.ts';

/**
 * A route, and what the suite's plugins make of their configs there. Each is absent where it does not run. What is wrong
 * with a config the check `plugin-config` reports.
 */
export interface DoctorRoute extends DeclaredRoute {
  authorizer: ConfiguredPlugin<AuthorizerConfig> | undefined;
  evaluator: ConfiguredPlugin<PolicyConfig> | undefined;
  cloud_run_token: ConfiguredPlugin<CloudRunConfig> | undefined;
}

/** Kong's settings by their names in kong.conf, such as `pluginserver_names`. */
export type KongSettings = ReadonlyMap<string, string>;

/** A gateway that runs, and how it may be asked. */
export interface GatewayTarget {
  /** By https, or on this machine. */
  url: URL;
  /** The path to ask each route for, in place of the route's own. */
  path?: string;
  /** An access token, sent only where the command line names it. */
  token?: string;
  /** The most requests to send altogether. */
  max_requests: number;
}

/** What is looked at. A text in it may be `{vault://…}` or `${{ env "DECK_X" }}`: `isUnknown` tells, nothing is said of those. */
export interface DoctorSubject {
  /** The kong.yml, as it was named. */
  file: string;
  routes: readonly DoctorRoute[];
  /** Of all plugins that are enabled, those of single consumers among them. */
  plugin_names?: readonly string[];
  /** Kong's own settings; absent where nothing tells them. */
  kong_settings?: KongSettings;
  /** The gateway to send requests to; absent where none is to be asked. */
  gateway?: GatewayTarget;
}

/** What a check may use of the world. */
export interface DoctorTools {
  clock: Clock;
  environment: Environment;
  fetch: typeof fetch;
  /** The longest that one request of a check may take. */
  timeout_ms: number;
}

/**
 * Looks at one thing on all routes. What it says of one route has `route`; what is the same for many is said once.
 *
 * @returns what it found, with one `ok` where it looked and all is well; nothing where there was nothing to look at
 * @throws what it did not expect: the command reports that the check could not be carried out
 */
export type Check = (subject: DoctorSubject, tools: DoctorTools) => Promise<readonly Finding[]>;

/** Checks by the name that their findings have. */
export type Checks = Readonly<Record<string, Check>>;
