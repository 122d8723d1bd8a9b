import type { FieldSchema } from '../../schema/field.ts';
import { comment, ignored, tags, timestamp, uuid } from './common.ts';

/** kong/db/schema/entities/consumers.lua */
export const consumerSchema: FieldSchema = {
  type: 'record',
  fields: new Map<string, FieldSchema>([
    ['id', uuid],
    ['created_at', timestamp],
    ['updated_at', timestamp],
    ['username', { type: 'string' }],
    ['custom_id', { type: 'string' }],
    ['tags', tags],
    ['_comment', comment],
    ['_ignore', ignored],
  ]),
  entity_checks: [{ name: 'at_least_one_of', argument: ['custom_id', 'username'] }],
};
