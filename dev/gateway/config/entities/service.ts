import type { ConfigMap, ConfigValue, FieldSchema, SchemaProblem } from '../../schema/field.ts';
import { validateValue } from '../../schema/validate.ts';
import { parseHost } from '../host.ts';
import {
  comment,
  ignored,
  name,
  pathProblem,
  protocol,
  tags,
  text,
  timestamp,
  uuid,
} from './common.ts';

const timeout: FieldSchema = { type: 'integer', default: 60_000, between: [1, 2 ** 31 - 2] };

/** kong/db/schema/entities/services.lua */
export const serviceSchema: FieldSchema = {
  type: 'record',
  fields: new Map<string, FieldSchema>([
    ['id', uuid],
    ['created_at', timestamp],
    ['updated_at', timestamp],
    ['name', name],
    ['retries', { type: 'integer', default: 5, between: [0, 32767] }],
    ['protocol', { ...protocol, required: true, default: 'http' }],
    ['host', { type: 'string', required: true, custom_validator: hostProblem }],
    ['port', { type: 'integer', required: true, default: 80, between: [0, 65535] }],
    [
      'path',
      {
        type: 'string',
        starts_with: '/',
        match_none: [{ pattern: '//', err: 'must not have empty segments' }],
        custom_validator: (value) => pathProblem(text(value)),
      },
    ],
    ['connect_timeout', timeout],
    ['write_timeout', timeout],
    ['read_timeout', timeout],
    ['tags', tags],
    ['client_certificate', { type: 'foreign' }],
    ['tls_verify', { type: 'boolean' }],
    ['tls_verify_depth', { type: 'integer', default: null, between: [0, 64] }],
    ['ca_certificates', { type: 'array', elements: { type: 'string', uuid: true } }],
    ['enabled', { type: 'boolean', required: true, default: true }],
    ['_comment', comment],
    ['_ignore', ignored],
  ]),
  entity_checks: ['client_certificate', 'tls_verify', 'tls_verify_depth', 'ca_certificates'].map(
    (field) => ({
      name: 'conditional',
      argument: new Map<string, ConfigValue>([
        ['if_field', 'protocol'],
        ['if_match', new Map([['not_one_of', ['https', 'tls']]])],
        ['then_field', field],
        ['then_match', new Map([['eq', null]])],
      ]),
    }),
  ),
};

function hostProblem(value: ConfigValue): string | undefined {
  const address = parseHost(text(value));
  if (address === 'invalid port number') return 'must not have a port';
  if (typeof address === 'string') return `invalid value: ${text(value)}`;
  return address.port === undefined ? undefined : 'must not have a port';
}

/** Replaces `url: http://host:port/path` by the four fields that it stands for. */
export function expandServiceUrl(item: ConfigMap): { item: ConfigMap; problems: SchemaProblem[] } {
  const url = item.get('url');
  if (url === undefined) return { item, problems: [] };
  const problems = validateValue({ type: 'string' }, url, ['url']);
  const expanded: ConfigMap = new Map(item);
  expanded.delete('url');
  if (problems.length > 0 || typeof url !== 'string') return { item: expanded, problems };
  const [, scheme, authority, path] =
    /^(?:([A-Za-z][A-Za-z0-9+.-]*):)?(?:\/\/([^/]*))?([^?#;]*)/.exec(url) ?? [];
  const [, host, port] = /^(?:[^@]*@)?(.*?)(?::([^:\]]*))?$/.exec(authority ?? '') ?? [];
  const implied = port === '443' ? 'https' : 'http';
  const used = scheme ?? implied;
  expanded.set('protocol', used);
  expanded.set('host', host === undefined || host === '' ? null : host.replace(/^\[(.*)\]$/, '$1'));
  expanded.set('port', portOf(port, used));
  expanded.set('path', path === undefined || path === '' ? null : path);
  return { item: expanded, problems: [] };
}

function portOf(port: string | undefined, scheme: string): ConfigValue {
  if (port === undefined || port === '') return scheme === 'https' ? 443 : 80;
  return /^\d+$/.test(port) ? Number(port) : port;
}
