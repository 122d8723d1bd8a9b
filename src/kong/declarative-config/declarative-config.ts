import type { JsonObject } from '../../core/json.ts';
import type { EntityNames } from './read-names.ts';

/** One of the suite's plugins, or another, as it runs on a route. */
export interface RoutePlugin {
  name: string;
  config: JsonObject;
  /** Kong's dynamic plugin ordering, where it is given. */
  ordering?: JsonObject;
  /** Where it stands in the file, such as `services[0].routes[1].plugins[2]`. */
  path: string;
}

/** Where a service's host is the name of an upstream: what stands behind it. */
export interface DeclaredUpstream {
  /** Hosts, with ports or without. */
  targets: readonly string[];
  /** What Kong writes into `Host`, instead of the target's name. */
  host_header?: string;
}

export interface DeclaredService extends EntityNames {
  protocol: string;
  host: string;
  /** NaN where the file does not tell, as `${{ env "DECK_PORT" }}` does not. */
  port: number;
  /** Empty where there is none. */
  path: string;
  /** Absent where the file leaves it to Kong's own settings. */
  tls_verify?: boolean;
  /** Absent where `host` is a host. */
  upstream?: DeclaredUpstream;
}

/** A route with all that applies to it. */
export interface DeclaredRoute extends EntityNames {
  /** Absent on a route without a service. */
  service: DeclaredService | undefined;
  protocols: readonly string[];
  hosts: readonly string[];
  paths: readonly string[];
  methods: readonly string[];
  /** Headers that a request must have, one of the values of each; absent where it needs none. */
  headers?: Readonly<Record<string, readonly string[]>>;
  preserve_host: boolean;
  strip_path: boolean;
  /** Those that are enabled: of several of one name the one that Kong runs, which is the most specific. */
  plugins: readonly RoutePlugin[];
  /** Where it stands in the file. */
  path: string;
}

/** A `kong.yml` as far as it matters here. */
export interface DeclarativeConfig {
  routes: readonly DeclaredRoute[];
  /** Names of all plugins that are enabled, those of single consumers among them; absent where nobody asked the file. */
  plugin_names?: readonly string[];
  /**
   * Where something stands, as `kong.yml:12:5`.
   *
   * @param path such as `services[0].routes[1].plugins[2].config`; of what is not there, what is nearest above it
   */
  locate(path: string): string;
}
