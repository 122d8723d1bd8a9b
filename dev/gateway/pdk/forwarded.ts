import type { LuaValue } from '../lua/value.ts';
import { normalizePath } from '../router/normalize.ts';
import type { PdkContext } from './pdk.ts';
import { headerValue } from './request-header.ts';

/** An `X-Forwarded-…` header of a trusted peer; anybody else's does not count. */
function told({ exchange, gateway }: PdkContext, name: string): string | undefined {
  if (!gateway.trustedIps.has(exchange.incoming.client.ip)) return undefined;
  const value = headerValue(exchange, name);
  return typeof value === 'string' ? value : undefined;
}

/** A list stays a list: `https, http` is no scheme, and Kong does not choose. */
export function forwardedScheme(context: PdkContext): LuaValue {
  return told(context, 'X-Forwarded-Proto')?.toLowerCase() ?? context.exchange.incoming.scheme;
}

export function forwardedHost(context: PdkContext): LuaValue {
  const authority = withoutUser(told(context, 'X-Forwarded-Host'));
  if (authority === undefined) return context.exchange.incoming.host;
  const [host = ''] = authority.split(':', 1);
  return host.toLowerCase();
}

/** The port of `X-Forwarded-Host` counts where `X-Forwarded-Port` holds none. */
export function forwardedPort(context: PdkContext): LuaValue {
  const authority = withoutUser(told(context, 'X-Forwarded-Host')) ?? '';
  const colon = authority.indexOf(':');
  return (
    toPort(told(context, 'X-Forwarded-Port')) ??
    toPort(colon === -1 ? undefined : authority.slice(colon + 1)) ??
    context.exchange.incoming.server.port
  );
}

export function forwardedPath(context: PdkContext): LuaValue {
  return told(context, 'X-Forwarded-Path') ?? normalizePath(context.exchange.rawPath);
}

/** Known to all but the rewrite phase, which runs before there is a route. */
export function forwardedPrefix(context: PdkContext): LuaValue {
  return told(context, 'X-Forwarded-Prefix') ?? context.exchange.forwarded?.prefix ?? '';
}

function withoutUser(authority: string | undefined): string | undefined {
  return authority?.slice(authority.indexOf('@') + 1);
}

/** `tonumber(text)` of Lua, as far as it is a port. */
function toPort(text: string | undefined): number | undefined {
  const number = text === undefined || text.trim() === '' ? Number.NaN : Number(text);
  return number >= 1 && number <= 65_535 ? number : undefined;
}
