import type { LuaTable, LuaValue } from '../lua/value.ts';

export interface ServiceEntity {
  /** The entity as Kong's PDK shows it. */
  table: LuaTable;
  id: string;
  name: string | undefined;
  protocol: 'http' | 'https';
  host: string;
  port: number;
  path: string | undefined;
  retries: number;
  connect_timeout: number;
  write_timeout: number;
  read_timeout: number;
  tls_verify: boolean;
  enabled: boolean;
}

export interface RouteEntity {
  table: LuaTable;
  id: string;
  name: string | undefined;
  protocols: string[];
  paths: string[];
  hosts: string[];
  methods: string[];
  headers: Map<string, string[]>;
  snis: string[];
  strip_path: boolean;
  preserve_host: boolean;
  request_buffering: boolean;
  response_buffering: boolean;
  regex_priority: number;
  https_redirect_status_code: number;
  service: ServiceEntity | undefined;
}

/** One entry of `plugins`, with its config as the plugin gets it. */
export interface PluginInstanceConfig {
  id: string;
  name: string;
  conf: Map<string | number, LuaValue>;
  route_id: string | undefined;
  service_id: string | undefined;
  consumer_id: string | undefined;
}

export interface GatewayConfig {
  routes: RouteEntity[];
  /** Enabled plugins that apply to HTTP. */
  plugins: PluginInstanceConfig[];
  consumers: LuaTable[];
  /** Oddities that Kong takes without a word; one line each, with their place. */
  warnings: string[];
}
