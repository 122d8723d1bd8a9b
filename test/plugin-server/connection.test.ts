import { afterEach, describe, expect, it } from 'vitest';
import { eventually } from '../../dev/stack/eventually.ts';
import {
  PdkEventOverError,
  UnsupportedPdkCallError,
} from '../../src/plugin-server/pdk/pdk-error.ts';
import { encodeFrame } from '../../src/plugin-server/protocol/frame.ts';
import { messageCodec } from '../../src/plugin-server/protocol/schema.ts';
import { reply } from './support/kong-side.ts';
import { type Kong, servePlugin } from './support/serve-plugin.ts';

type Served = Awaited<ReturnType<typeof servePlugin>>;
let served: Served | undefined;
afterEach(async () => {
  await served?.stop();
  served = undefined;
});

async function serve(
  access: (kong: Kong) => unknown,
  options: Parameters<typeof servePlugin>[1] = {},
) {
  served = await servePlugin({ access }, options);
  return { ...served, kong: await served.connect() };
}

function exitOf(args: Buffer) {
  const { status, body } = messageCodec('ExitArgs').decode(args);
  return { status, body: JSON.parse(Buffer.from(body as Uint8Array).toString()) };
}

const REFUSED = { status: 500, body: expect.objectContaining({ code: 'internal_error' }) };

describe('an event', () => {
  it('gets the replies to calls that it makes together, in order, by one write', async () => {
    const seen: unknown[] = [];
    const { kong, events } = await serve(async (pdk) => {
      seen.push(
        ...(await Promise.all([
          pdk.request.getMethod(),
          pdk.nginx.getVar('request_uri'),
          pdk.client.getPort(),
        ])),
      );
    });
    const { asked, ending } = await kong.event(7, 'access', {
      'kong.request.get_method': reply('String', 'GET'),
      'kong.nginx.get_var': ({ args }) => args,
      'kong.client.get_port': reply('Int', 4711),
    });
    expect(seen).toEqual(['GET', 'request_uri', 4711]);
    expect(asked).toHaveLength(3);
    expect(ending).toMatchObject({ returned: { sequence: 101 } });
    expect(events).toMatchObject([{ outcome: 'continued', pdkCalls: 3, batches: 2 }]);
  });

  it('makes the calls that nobody awaits travel with the end of the event', async () => {
    const { kong, events } = await serve((pdk) => {
      pdk.service.request.setHeader('x-a', '1');
      pdk.service.request.clearHeader('x-b');
      pdk.ctx.shared.set('k', 'v');
    });
    const chunks = kong.chunks;
    kong.call({ cmd_handle_event: { instance_id: 7, event_name: 'access' } });
    await kong.frame();
    expect(kong.chunks).toBe(chunks + 1);
    expect(events).toMatchObject([{ pdkCalls: 3, batches: 1 }]);
  });

  it('leaves the connection for the next one once all replies have come', async () => {
    let runs = 0;
    const { kong } = await serve((pdk) => {
      runs += 1;
      pdk.service.request.setHeader('x-run', String(runs));
    });
    for (const _ of [1, 2, 3]) {
      expect(await kong.event(7, 'access')).toMatchObject({ ending: { returned: {} } });
    }
    expect(runs).toBe(3);
  });

  it('keeps a header called __proto__ as one among others', async () => {
    let headers: Record<string, unknown> = {};
    const { kong } = await serve(async (pdk) => {
      headers = await pdk.request.getHeaders(1000);
    });
    const entry = (key: string) => ({ key, value: { string_value: 'x' } });
    const struct = messageCodec('Struct').encode({ fields: [entry('__proto__'), entry('a')] });
    await kong.event(7, 'access', { 'kong.request.get_headers': struct });
    expect(Object.entries(headers)).toEqual([
      ['__proto__', 'x'],
      ['a', 'x'],
    ]);
    expect(Object.getPrototypeOf(headers)).toBe(Object.prototype);
  });

  it('reads a header that is not UTF-8, and the others with it', async () => {
    let headers: unknown;
    let variable: unknown;
    const { kong } = await serve(async (pdk) => {
      [headers, variable] = await Promise.all([
        pdk.request.getHeaders(1000),
        pdk.nginx.getVar('http_x_file'),
      ]);
    });
    const latin1 = Buffer.from('caf\xe9', 'latin1');
    const entry = { key: Buffer.from('x-file'), value: { string_value: latin1 } };
    const other = { key: Buffer.from('a'), value: { string_value: Buffer.from('b') } };
    const { ending } = await kong.event(7, 'access', {
      'kong.request.get_headers': messageCodec('RawStruct').encode({ fields: [entry, other] }),
      'kong.nginx.get_var': messageCodec('RawString').encode({ v: latin1 }),
    });
    expect(ending).toHaveProperty('returned');
    expect(headers).toEqual({ 'x-file': 'caf\ufffd', a: 'b' });
    expect(variable).toBe('caf\ufffd');
  });

  it("is over with the plugin's answer, even if the plugin never ends", async () => {
    const { kong, events } = await serve((pdk) => {
      pdk.service.request.setHeader('x-a', '1');
      pdk.response.exit(403, '{"code":"no"}', { 'Content-Type': 'application/json' });
      return new Promise(() => {});
    });
    const { asked, ending } = await kong.event(7, 'access');
    expect(asked.map(({ method }) => method)).toEqual([
      'kong.service.request.set_header',
      'kong.response.exit',
    ]);
    expect('exited' in ending && exitOf(ending.exited.args)).toEqual({
      status: 403,
      body: { code: 'no' },
    });
    expect(events).toMatchObject([{ outcome: 'refused' }]);
  });

  it('runs on a function taken off the PDK, and on names as Kong writes them', async () => {
    const { kong } = await serve(async (pdk) => {
      const { getMethod } = pdk.request;
      expect(await getMethod()).toBe('PUT');
      expect(await pdk.request.get_method()).toBe('PUT');
    });
    const { ending } = await kong.event(7, 'access', {
      'kong.request.get_method': reply('String', 'PUT'),
    });
    expect(ending).toHaveProperty('returned');
  });
});

describe('a request is refused with 500', () => {
  const faults: [string, (pdk: Kong) => unknown][] = [
    [
      'throws',
      () => {
        throw new Error('boom');
      },
    ],
    [
      'rejects',
      async () => {
        throw new Error('boom');
      },
    ],
    [
      'throws what is no error',
      () => {
        throw null;
      },
    ],
    ['calls what is not in the protocol', (pdk) => pdk.request.getId()],
    ['calls a group that Kong does not know', (pdk) => pdk.vault.get('{vault://env/x}')],
    [
      'passes a header without a value, not awaited',
      (pdk) => {
        pdk.service.request.setHeader('x');
      },
    ],
    [
      'passes no headers at all, not awaited',
      (pdk) => {
        pdk.service.request.setHeaders(undefined);
      },
    ],
    ['answers with a status that is none', (pdk) => pdk.response.exit('403')],
  ];

  it.each(faults)('when a plugin %s', async (_, access) => {
    const { kong, events, failures } = await serve(access);
    const { ending } = await kong.event(7, 'access');
    expect('exited' in ending && exitOf(ending.exited.args)).toEqual(REFUSED);
    expect(events).toMatchObject([{ outcome: 'failed' }]);
    expect(failures).toHaveLength(1);
  });

  it('when a plugin has no result in time, and what it asks later is refused by name', async () => {
    let late: (() => unknown) | undefined;
    const { kong, events } = await serve(
      (pdk) => {
        late = () => pdk.request.getMethod();
        return new Promise(() => {});
      },
      { eventTimeoutMs: 20 },
    );
    const { ending } = await kong.event(7, 'access');
    expect('exited' in ending && exitOf(ending.exited.args)).toEqual(REFUSED);
    expect(events).toMatchObject([{ outcome: 'timed_out' }]);
    expect(late).toThrow(PdkEventOverError);
  });

  it('and nothing of what the plugin wrote before it failed is sent', async () => {
    const { kong } = await serve((pdk) => {
      pdk.service.request.setHeader('x-half', 'done');
      throw new Error('boom');
    });
    const { asked } = await kong.event(7, 'access');
    expect(asked.map(({ method }) => method)).toEqual(['kong.response.exit']);
  });

  it("and Kong's own log hears of it, when that is due", async () => {
    const { kong } = await serve(
      () => {
        throw new Error('secret');
      },
      { alertDue: () => true },
    );
    const { asked } = await kong.event(7, 'access');
    expect(asked.map(({ method }) => method)).toEqual(['kong.log.err', 'kong.response.exit']);
    expect(asked[0]?.args.toString()).not.toContain('secret');
  });

  it('when the plugin has no such phase', async () => {
    const { kong } = await serve(() => {});
    const { ending } = await kong.event(7, 'rewrite');
    expect('exited' in ending && exitOf(ending.exited.args)).toEqual(REFUSED);
  });
});

describe('where a plugin cannot answer', () => {
  it('fails the request by a function that Kong does not know', async () => {
    served = await servePlugin({
      certificate: () => {
        throw new Error('boom');
      },
    });
    const kong = await served.connect();
    const { ending } = await kong.event(7, 'certificate');
    expect(ending).toEqual({ unknownMethod: expect.stringContaining('failed in certificate') });
  });

  it('ends the log phase, as there is nothing left to refuse', async () => {
    served = await servePlugin({
      log: () => {
        throw new Error('boom');
      },
    });
    const kong = await served.connect();
    expect((await kong.event(7, 'log')).ending).toHaveProperty('returned');
    expect(served.events).toMatchObject([{ outcome: 'failed' }]);
  });
});

describe('a call after the answer', () => {
  it('throws at once, and does not change the answer', async () => {
    let thrown: unknown;
    const { kong, failures } = await serve(async (pdk) => {
      await pdk.response.exit(401, '{}');
      try {
        pdk.service.request.setHeader('x', 'y');
      } catch (error) {
        thrown = error;
      }
      await pdk.request.getMethod();
    });
    const { asked } = await kong.event(7, 'access');
    expect(asked).toHaveLength(1);
    await eventually('the failure', () => (failures.length > 0 ? true : undefined));
    expect(thrown).toBeInstanceOf(PdkEventOverError);
    expect(String(thrown)).toContain('kong.service.request.set_header');
  });
});

describe('what is not in ProtoBuf:1', () => {
  it('is an error that names it', async () => {
    let thrown: unknown;
    const { kong } = await serve((pdk) => {
      try {
        pdk.client.tls.getFullClientCertificateChain();
      } catch (error) {
        thrown = error;
      }
    });
    await kong.event(7, 'access');
    expect(thrown).toBeInstanceOf(UnsupportedPdkCallError);
    expect(String(thrown)).toContain('kong.client.tls.get_full_client_certificate_chain');
  });
});

describe('an instance that is not known', () => {
  it('is answered with the words on which Kong starts it again', async () => {
    const { kong } = await serve(() => {});
    const { ending } = await kong.event(8, 'access');
    expect(ending).toEqual({ unknownMethod: 'no plugin instance #8' });
  });
});

describe('starting an instance', () => {
  it('answers with its id', async () => {
    const { kong } = await serve(() => {});
    expect(await kong.start('tester', {})).toBe(7);
  });

  it('closes the connection where it fails, so that Kong holds nothing back and asks again', async () => {
    const { kong, lost } = await serve(() => {}, {
      startInstance: async () => Promise.reject(new Error('no such plugin')),
    });
    await expect(kong.start('nobody', {})).rejects.toThrow('closed');
    expect(lost).toEqual(['start_failed']);
  });

  it('tells the state of an instance, and nothing of one that is not there', async () => {
    const { kong } = await serve(() => {});
    kong.call({ cmd_get_instance_status: { instance_id: 7 } });
    expect(await kong.returned()).toMatchObject({
      instance_status: { name: 'tester', instance_id: 7 },
    });
    kong.call({ cmd_close_instance: { instance_id: 8 } });
    expect(await kong.returned()).toEqual({ sequence: 102 });
  });

  it('tells which plugins there are', async () => {
    const { kong } = await serve(() => {});
    kong.call({ cmd_get_plugin_names: {} });
    expect(await kong.returned()).toMatchObject({ plugin_names: { names: ['tester'] } });
    kong.call({ cmd_get_plugin_info: { name: 'tester' } });
    expect(await kong.returned()).toMatchObject({ plugin_info: { name: 'tester', priority: 3 } });
  });
});

describe('hostile bytes cost one connection and nothing else:', () => {
  async function costsOnlyThis(bytes: Uint8Array, reason: string, eventTimeoutMs = 5_000) {
    const { kong, lost, connect } = await serve(() => {}, { maxFrameBytes: 1000, eventTimeoutMs });
    const other = await connect();
    kong.socket.write(bytes);
    await kong.closed();
    expect(lost).toEqual([reason]);
    expect((await other.event(7, 'access')).ending).toHaveProperty('returned');
  }

  it('a frame that is too long', () => costsOnlyThis(Buffer.from([0xe9, 3, 0, 0]), 'protocol'));
  it('garbage', () => costsOnlyThis(encodeFrame(Buffer.from('nonsense')), 'protocol'));
  it('an empty call', () => costsOnlyThis(encodeFrame(Buffer.alloc(0)), 'protocol'));
  it('half a frame that never ends', () =>
    costsOnlyThis(Buffer.from([10, 0, 0, 0, 1]), 'unfinished_frame', 20));

  it('a reply to nothing', async () => {
    const { kong, lost } = await serve(() => new Promise(() => {}));
    kong.call({ cmd_handle_event: { instance_id: 7, event_name: 'access' } });
    kong.send(reply('String', 'x'));
    await kong.closed();
    expect(lost).toEqual(['protocol']);
  });

  it('a peer that stops reading', async () => {
    const { kong, lost } = await serve(
      (pdk) => {
        for (let n = 0; n < 2_000; n += 1) pdk.log.notice('x'.repeat(1000));
      },
      { eventTimeoutMs: 50 },
    );
    kong.socket.pause();
    kong.call({ cmd_handle_event: { instance_id: 7, event_name: 'access' } });
    await eventually('the connection to be given up', () => (lost.length > 0 ? true : undefined));
    expect(lost).toEqual(['peer_stalled']);
  });

  it('a peer that goes away in the middle of an event', async () => {
    let failure: unknown;
    const { kong, events } = await serve(async (pdk) => {
      try {
        await pdk.request.getMethod();
      } catch (error) {
        failure = error;
      }
    });
    kong.call({ cmd_handle_event: { instance_id: 7, event_name: 'access' } });
    await kong.frame();
    kong.close();
    await eventually('the event to end', () => (events.length > 0 ? true : undefined));
    expect(events).toMatchObject([{ outcome: 'aborted' }]);
    expect(failure).toBeInstanceOf(PdkEventOverError);
  });
});
