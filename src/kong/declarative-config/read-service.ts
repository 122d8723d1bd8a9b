import type { DeclaredService, DeclaredUpstream } from './declarative-config.ts';
import type { Entity, EntityReader } from './entity-reader.ts';
import { isUnknown } from './is-unknown.ts';
import { readNames } from './read-names.ts';

type Address = Pick<DeclaredService, 'protocol' | 'host' | 'port' | 'path'>;

/** @see https://github.com/Kong/kong/blob/3.9.0/kong/db/schema/entities/services.lua (the defaults, and `url`) */
export function readService(
  entity: Entity,
  reader: EntityReader,
  upstreams: ReadonlyMap<string, DeclaredUpstream>,
): DeclaredService {
  const address = readAddress(entity, reader);
  const upstream = upstreams.get(address.host);
  const { tls_verify } = entity.fields;
  return {
    ...readNames(entity, reader),
    ...address,
    ...(typeof tls_verify === 'boolean' ? { tls_verify } : {}),
    ...(upstream === undefined ? {} : { upstream }),
  };
}

function readAddress(entity: Entity, reader: EntityReader): Address {
  const url = reader.text(entity, 'url');
  if (url !== undefined) return addressOfUrl(url, entity, reader);
  const host = reader.text(entity, 'host');
  if (!reader.has(entity, 'host')) reader.report(entity.path, 'a service needs a url or a host');
  return {
    protocol: reader.text(entity, 'protocol') ?? 'http',
    host: host ?? '',
    // Kong's default whatever the protocol is.
    port: reader.port(entity, 'port', 80),
    path: reader.text(entity, 'path') ?? '',
  };
}

/** Kong takes `url` apart itself, and what it holds counts before the single fields. */
function addressOfUrl(url: string, { path }: Entity, reader: EntityReader): Address {
  if (isUnknown(url)) return addressOfUnknown(url);
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed === undefined || parsed.hostname === '') {
    reader.report([...path, 'url'], 'url: must be a URL, such as https://tasks.example.com');
    return { protocol: 'http', host: '', port: 80, path: '' };
  }
  const protocol = parsed.protocol.slice(0, -1);
  const usual = protocol === 'https' || protocol === 'grpcs' ? 443 : 80;
  const { pathname } = parsed;
  return {
    protocol,
    host: parsed.hostname,
    port: parsed.port === '' ? usual : Number(parsed.port),
    // The parser writes a slash where there is no path; Kong leaves it empty.
    path: pathname === '/' && !url.endsWith('/') ? '' : pathname,
  };
}

/** `https://${{ env "DECK_HOST" }}/v1`: what stands before the host is known at the most. */
function addressOfUnknown(url: string): Address {
  const [, protocol, host = url] = /^(?:([a-z]+):\/\/)?(.*)$/s.exec(url) ?? [];
  return { protocol: protocol ?? url, host, port: Number.NaN, path: '' };
}
