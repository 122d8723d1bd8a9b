import { LuaError } from '../lua/lua-error.ts';
import { toBytes, toText } from '../lua/value.ts';
import { isReference } from '../schema/reference.ts';
import { failed, onlyIn, type PdkFunction } from './pdk.ts';

/** kong.ctx.shared, kong.router, kong.plugin, kong.vault and the little that is left. */
export const contextFunctions: Record<string, PdkFunction> = {
  'kong.ctx.shared.get': ({ exchange }, key) => exchange.shared.get(key),
  'kong.ctx.shared.set': ({ exchange }, key, value) => {
    if (key === undefined) throw new LuaError('table index is nil');
    if (value === undefined) exchange.shared.delete(key);
    else exchange.shared.set(key, value);
    return undefined;
  },
  'kong.router.get_route': (context) => {
    onlyIn(context, 'access', 'log');
    return context.exchange.match?.route.table;
  },
  'kong.router.get_service': (context) => {
    onlyIn(context, 'access', 'log');
    return context.exchange.match?.route.service?.table;
  },
  'kong.plugin.get_id': ({ plugin }) => plugin.id,
  'kong.vault.get': ({ gateway }, reference) => {
    const text = typeof reference === 'string' ? toText(reference) : '';
    if (!isReference(text)) return failed(`not a reference [${String(reference ?? 'nil')}]`);
    const secret = gateway.resolveReference(text);
    return secret === undefined
      ? failed(`could not get value from external vault (no value found) [${String(reference)}]`)
      : toBytes(secret);
  },
  'kong.vault.is_reference': (_, reference) =>
    typeof reference === 'string' && isReference(reference),
  'kong.ip.is_trusted': ({ gateway }, ip) => typeof ip === 'string' && gateway.trustedIps.has(ip),
  'kong.tracing.active_span': () => undefined,
};
