import { isJsonObject, type JsonObject } from '../../../core/json.ts';
import type { RoutePlugin } from '../../../kong/declarative-config/declarative-config.ts';

export interface ChangedHeader {
  /** In lower case, with hyphens. */
  header: string;
  /** `remove`: it is gone; `set`: another value may stand there. */
  how: 'remove' | 'set';
}

const TRANSFORMERS = ['request-transformer', 'request-transformer-advanced'];

/** The request headers that a transformer changes before the request goes upstream; none for another plugin. */
export function changedHeaders({ name, config }: RoutePlugin): ChangedHeader[] {
  if (!TRANSFORMERS.includes(name)) return [];
  const pairs = (action: string) => headersOf(config, action).map((text) => text.split(':'));
  return [
    ...headersOf(config, 'remove').map((header) => changed(header, 'remove')),
    ...['add', 'append', 'replace'].flatMap((action) =>
      pairs(action).map(([header = '']) => changed(header, 'set')),
    ),
    ...pairs('rename').flatMap(([from = '', to = '']) => [
      changed(from, 'remove'),
      changed(to, 'set'),
    ]),
  ];
}

function changed(header: string, how: ChangedHeader['how']): ChangedHeader {
  return { header: header.trim().toLowerCase().replaceAll('_', '-'), how };
}

function headersOf(config: JsonObject, action: string): string[] {
  const part = config[action];
  const headers = isJsonObject(part) ? part.headers : undefined;
  return Array.isArray(headers) ? headers.map(String) : [];
}

/** Whether a transformer changes the path that the policy was asked about. */
export function changesPath({ name, config }: RoutePlugin): boolean {
  const replace = config.replace;
  return TRANSFORMERS.includes(name) && isJsonObject(replace) && typeof replace.uri === 'string';
}
