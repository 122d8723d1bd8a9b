import type { KongPdk } from './pdk.ts';

/**
 * Whether calls that are made together travel together, as over our own plugin server. The stock one's `kong` has a
 * function under every name, so nothing but `true` counts.
 */
export function isPipelined(kong: KongPdk): boolean {
  return kong.pluginServer?.pipelined === true;
}
