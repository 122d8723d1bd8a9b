import { RE2JS } from 're2js';
import { normalizePath } from '../../router/normalize.ts';
import type { ConfigValue, FieldSchema } from '../../schema/field.ts';
import { parseHost } from '../host.ts';
import {
  comment,
  escapeProblem,
  ignored,
  name,
  pathProblem,
  protocol,
  tags,
  text,
  timestamp,
  uuid,
} from './common.ts';

const NOT_HTTP = "when 'protocols' is 'http' or 'https'";

/** kong/db/schema/entities/routes.lua with the sub-schema of HTTP routes */
export const routeSchema: FieldSchema = {
  type: 'record',
  fields: new Map<string, FieldSchema>([
    ['id', uuid],
    ['created_at', timestamp],
    ['updated_at', timestamp],
    ['name', name],
    [
      'protocols',
      {
        type: 'set',
        required: true,
        len_min: 1,
        elements: protocol,
        default: ['http', 'https'],
        mutually_exclusive_subsets: [
          ['http', 'https'],
          ['tcp', 'tls', 'udp'],
          ['tls_passthrough'],
          ['grpc', 'grpcs'],
        ],
      },
    ],
    [
      'https_redirect_status_code',
      { type: 'integer', required: true, default: 426, one_of: [426, 301, 302, 307, 308] },
    ],
    ['strip_path', { type: 'boolean', required: true, default: true }],
    ['preserve_host', { type: 'boolean', required: true, default: false }],
    ['request_buffering', { type: 'boolean', required: true, default: true }],
    ['response_buffering', { type: 'boolean', required: true, default: true }],
    ['tags', tags],
    ['service', { type: 'foreign' }],
    ['snis', { type: 'set', elements: { type: 'string' } }],
    ['sources', { type: 'set', eq: null, err: `cannot set 'sources' ${NOT_HTTP}` }],
    ['destinations', { type: 'set', eq: null, err: `cannot set 'destinations' ${NOT_HTTP}` }],
    ['methods', { type: 'set', elements: { type: 'string', match: '^%u+$' } }],
    [
      'hosts',
      {
        type: 'array',
        elements: {
          type: 'string',
          match_all: [
            {
              pattern: '^[^*]*%*?[^*]*$',
              err: 'invalid wildcard: must have at most one wildcard',
            },
          ],
          match_any: {
            patterns: ['^%*%.', '%.%*$', '^[^*]*$'],
            err: 'invalid wildcard: must be placed at leftmost or rightmost label',
          },
          custom_validator: hostProblem,
        },
      },
    ],
    [
      'paths',
      {
        type: 'array',
        elements: {
          type: 'string',
          match_any: {
            patterns: ['^/', '^~/'],
            err: 'should start with: / (fixed path) or ~/ (regex path)',
          },
          match_none: [{ pattern: '//', err: 'must not have empty segments' }],
          custom_validator: routePathProblem,
        },
      },
    ],
    [
      'headers',
      {
        type: 'map',
        keys: {
          type: 'string',
          match_none: [
            {
              pattern: '^[Hh][Oo][Ss][Tt]$',
              err: "cannot contain 'host' header, which must be specified in the 'hosts' attribute",
            },
          ],
          custom_validator: (value) =>
            /^[\w-]+$/.test(text(value))
              ? undefined
              : `bad header name '${text(value)}', allowed characters are A-Z, a-z, 0-9, '_', and '-'`,
        },
        values: { type: 'array', elements: { type: 'string' } },
      },
    ],
    ['regex_priority', { type: 'integer', default: 0 }],
    ['path_handling', { type: 'string', default: 'v0', one_of: ['v0', 'v1'] }],
    ['_comment', comment],
    ['_ignore', ignored],
  ]),
  entity_checks: [
    {
      name: 'conditional_at_least_one_of',
      argument: new Map<string, ConfigValue>([
        ['if_field', 'protocols'],
        ['if_match', new Map([['contains', 'https']])],
        ['then_at_least_one_of', ['methods', 'hosts', 'headers', 'paths', 'snis']],
        ['then_err', "must set one of %s when 'protocols' is 'https'"],
        ['else_match', new Map([['contains', 'http']])],
        ['else_then_at_least_one_of', ['methods', 'hosts', 'headers', 'paths']],
        ['else_then_err', "must set one of %s when 'protocols' is 'http'"],
      ]),
    },
  ],
};

function hostProblem(value: ConfigValue): string | undefined {
  const address = parseHost(text(value).replaceAll('*', 'abc'));
  return typeof address === 'string' ? address : undefined;
}

function routePathProblem(value: ConfigValue): string | undefined {
  const path = text(value);
  if (path.startsWith('~')) return escapeProblem(path) ?? regexProblem(path.slice(1));
  const problem = pathProblem(path);
  if (problem?.startsWith('invalid url-encoded')) return problem;
  const normalized = normalizePath(path);
  return normalized === path
    ? undefined
    : `non-normalized path, consider use '${normalized}' instead`;
}

function regexProblem(regex: string): string | undefined {
  try {
    RE2JS.compile(regex.replaceAll('?<', '?P<'));
    return undefined;
  } catch (error) {
    return `invalid regex: '${regex}' (${error instanceof Error ? error.message : String(error)})`;
  }
}
