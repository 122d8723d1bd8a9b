import { describe, expect, it } from 'vitest';
import { queryPlugin } from '../../../dev/gateway/plugin-info.ts';

const info = {
  Name: 'p',
  Version: '1.2.3',
  Priority: 7,
  Phases: ['access'],
  Schema: { name: 'p', fields: [{ config: { type: 'record', fields: [] } }] },
};

const query = (queryCmd: string) => queryPlugin({ name: 'p', socket: '/s', queryCmd });
const print = (value: unknown) => `printf '%s' '${JSON.stringify(value)}'`;

describe('the answer of a query command', () => {
  it('describes the plugin', async () => {
    expect(await query(print([info]))).toMatchObject({
      name: 'p',
      version: '1.2.3',
      priority: 7,
      phases: ['access'],
      protocol: 'MsgPack:1',
      socket: '/s',
    });
  });

  it('counts only for its first plugin', async () => {
    const { name } = await query(print([info, { ...info, Name: 'second' }]));
    expect(name).toBe('p');
  });

  it('may name its protocol', async () => {
    const { protocol } = await query(print({ Protocol: 'ProtoBuf:1', Plugins: [info] }));
    expect(protocol).toBe('ProtoBuf:1');
  });

  it('makes records required down to arrays', async () => {
    const record = { type: 'record', fields: [] };
    const Schema = {
      name: 'p',
      fields: [
        {
          config: {
            type: 'record',
            fields: [
              { inner: record },
              { loose: { ...record, required: false } },
              { list: { type: 'array', elements: { type: 'record', fields: [{ deep: record }] } } },
            ],
          },
        },
      ],
    };
    const config = (await query(print([{ ...info, Schema }]))).fields.get('config');
    const deep = config?.fields?.get('list')?.elements?.fields?.get('deep');
    expect(config?.required).toBe(true);
    expect(config?.fields?.get('inner')?.required).toBe(true);
    expect(config?.fields?.get('loose')?.required).toBe(false);
    expect(deep?.required).toBeUndefined();
  });

  it.each<[string, string, RegExp]>([
    [
      'a line before the JSON',
      `echo started; ${print([info])}`,
      /standard output must be JSON and nothing else/,
    ],
    ['nothing', 'true', /must be JSON/],
    ['no plugin', print([]), /describes no plugin/],
    [
      'an unknown protocol',
      print({ Protocol: 'Carrier:1', Plugins: [info] }),
      /unknown protocol implementation: Carrier:1/,
    ],
    ['no name', print([{ ...info, Name: undefined }]), /has no Name/],
    [
      'a fractional priority',
      print([{ ...info, Priority: 1.5 }]),
      /PRIORITY field is not a valid integer/,
    ],
    ['an odd version', print([{ ...info, Version: 'v1' }]), /VERSION field does not follow/],
    [
      'an unknown phase',
      print([{ ...info, Phases: ['acces'] }]),
      /unknown phase 'acces' \(did you mean 'access'\?\)/,
    ],
    [
      'a schema that Kong refuses',
      print([{ ...info, Schema: { name: 'p', fields: [{ config: { type: 'recrd' } }] } }]),
      /its schema is not valid/,
    ],
  ])('may not be %s', async (_, command, message) => {
    await expect(query(command)).rejects.toThrow(message);
    await expect(query(command)).rejects.toThrow(/^plugin server 'p': /);
  });
});
