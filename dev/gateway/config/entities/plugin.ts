import type { FieldSchema, Fields } from '../../schema/field.ts';
import { comment, ignored, name, protocol, tags, timestamp, uuid } from './common.ts';

/**
 * kong/db/schema/entities/plugins.lua with the plugin's own fields in place of `config` (and of
 * `route`, `service`, `consumer` or `protocols` where the plugin narrows those).
 */
export function pluginSchema(own: Fields): FieldSchema {
  const fields = new Map<string, FieldSchema>([
    ['id', uuid],
    ['name', { type: 'string', required: true }],
    ['instance_name', name],
    ['created_at', timestamp],
    ['updated_at', timestamp],
    ['route', { type: 'foreign', default: null }],
    ['service', { type: 'foreign', default: null }],
    ['consumer', { type: 'foreign', default: null }],
    ['config', { type: 'record', fields: new Map() }],
    [
      'protocols',
      {
        type: 'set',
        required: true,
        default: ['grpc', 'grpcs', 'http', 'https'],
        elements: protocol,
      },
    ],
    ['enabled', { type: 'boolean', required: true, default: true }],
    ['tags', tags],
    ['_comment', comment],
    ['_ignore', ignored],
  ]);
  for (const [key, field] of own) if (fields.has(key)) fields.set(key, field);
  return { type: 'record', fields };
}
