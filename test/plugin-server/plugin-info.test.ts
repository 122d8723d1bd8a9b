import { expect, it } from 'vitest';
import {
  msgPackDocument,
  protoBufDocument,
  protoBufInfo,
} from '../../src/plugin-server/plugin-info.ts';

const plugin = {
  name: 'counter',
  version: '1.2.3',
  priority: 7,
  phases: ['access', 'log'],
  schema: [{ limit: { type: 'integer' } }],
};

const schema = {
  name: 'counter',
  fields: [{ config: { type: 'record', fields: [{ limit: { type: 'integer' } }] } }],
};
const info = {
  Name: 'counter',
  Version: '1.2.3',
  Phases: ['access', 'log'],
  Priority: 7,
  Schema: schema,
};

it('is a list of one for the stock server, which Kong takes for MsgPack:1', () => {
  expect(msgPackDocument(plugin)).toEqual([info]);
});

it('names the protocol for our own', () => {
  expect(protoBufDocument(plugin)).toEqual({ Protocol: 'ProtoBuf:1', Plugins: [info] });
});

it('has the schema as text over the socket', () => {
  const { schema: text, ...rest } = protoBufInfo(plugin);
  expect(rest).toEqual({
    name: 'counter',
    version: '1.2.3',
    phases: ['access', 'log'],
    priority: 7,
  });
  expect(JSON.parse(String(text))).toEqual(schema);
});
