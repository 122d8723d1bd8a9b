import { afterEach, describe, expect, it } from 'vitest';
import type { Protocol } from '../../../dev/gateway/plugin-info.ts';
import { toValue } from '../../../src/plugin-server/protocol/value.ts';
import {
  endOfEvent,
  message,
  started,
  startFakeProtobufServer,
} from './support/fake-protobuf-server.ts';
import { pluginEntry } from './support/plugin-info.ts';
import { type RawResponse, request, sendRaw } from './support/raw-request.ts';
import { type Call, startScriptedPlugin } from './support/scripted-plugin.ts';
import { start } from './support/start.ts';
import { startUpstream } from './support/upstream.ts';
import { waitFor } from './support/wait-for.ts';

interface Stoppable {
  stop(): Promise<void>;
}

const running: Stoppable[] = [];

afterEach(async () => {
  for (const each of running.splice(0).reverse()) await each.stop();
});

function startPlugin(protocol: Protocol, calls: Call[]) {
  if (protocol === 'MsgPack:1') return startScriptedPlugin({ access: calls });
  return startFakeProtobufServer({
    onCall: async ({ command, sequence, ...call }, session) => {
      if (command === 'start_instance') {
        session.send(started(sequence, 7));
        return;
      }
      const isAccess = 'eventName' in call && call.eventName === 'access';
      for (const [method, ...args] of isAccess ? calls : []) {
        session.send(method, encode(args));
        await session.next();
      }
      session.send(...endOfEvent(sequence));
    },
  });
}

/** The arguments of the few functions that are called here. */
function encode([first, second]: unknown[]): Uint8Array {
  return typeof first === 'string'
    ? message('KV', { k: first, v: toValue(second) })
    : message('AuthenticateArgs', { consumer: first, credential: second });
}

/** Runs calls in the access phase of a request that then goes on to the upstream. */
async function run(
  protocol: Protocol,
  calls: Call[],
  upstreamHeaders: Record<string, string> = {},
): Promise<{ response: RawResponse; entry: Record<string, unknown> }> {
  const upstream = await startUpstream((_request, response) => {
    response.writeHead(200, upstreamHeaders).end('{"ok":true}');
  });
  running.push(upstream);
  const plugin = await startPlugin(protocol, calls);
  running.push(plugin);
  const gateway = await start({
    config: `{
      _format_version: "3.0",
      services: [{name: up, url: "http://127.0.0.1:${upstream.port}", routes: [
        {name: r, paths: [/r], plugins: [{name: probe}]}]}]}`,
    pluginServers: [pluginEntry(plugin.socket, { protocol })],
  });
  running.push(gateway);
  const response = await sendRaw(gateway.port, request('GET /r'));
  await waitFor(() => gateway.entries.length > 0, 'the log entry');
  return { response, entry: gateway.entries[0] ?? {} };
}

const valuesOf = (response: RawResponse, name: string) =>
  response.headers.filter(([key]) => key.toLowerCase() === name).map(([, value]) => value);

describe.each(['MsgPack:1', 'ProtoBuf:1'] as const)(
  'a plugin that lets a request go on, over %s',
  (protocol) => {
    it('sets headers of the response with kong.response.set_header', async () => {
      const { response } = await run(protocol, [
        ['kong.response.set_header', 'DPoP-Nonce', 'first'],
        ['kong.response.set_header', 'DPoP-Nonce', 'second'],
        ['kong.response.set_header', 'X-List', ['1', '2']],
      ]);
      expect(response.status).toBe(200);
      expect(response.body).toContain('{"ok":true}');
      expect(valuesOf(response, 'dpop-nonce')).toEqual(['second']);
      expect(valuesOf(response, 'x-list')).toEqual(['1', '2']);
    });

    it('does not keep the upstream from sending a header of the same name besides', async () => {
      const { response } = await run(
        protocol,
        [['kong.response.set_header', 'DPoP-Nonce', 'of the plugin']],
        { 'DPoP-Nonce': 'of the upstream' },
      );
      expect(valuesOf(response, 'dpop-nonce')).toEqual(['of the plugin', 'of the upstream']);
    });

    it('leaves type and length of the body to the upstream', async () => {
      const { response } = await run(
        protocol,
        [
          ['kong.response.set_header', 'Content-Type', 'text/plain'],
          ['kong.response.set_header', 'Content-Length', '1'],
        ],
        { 'Content-Type': 'application/json', 'Content-Length': '11' },
      );
      expect(valuesOf(response, 'content-type')).toEqual(['application/json']);
      expect(valuesOf(response, 'content-length')).toEqual(['11']);
    });

    it('can name a consumer that is not in the configuration, and the log entry says so', async () => {
      const consumer = { id: 'iss|alice', username: 'alice', custom_id: '42' };
      const { response, entry } = await run(protocol, [['kong.client.authenticate', consumer]]);
      expect(response.status).toBe(200);
      expect(entry.consumer).toEqual({
        ...consumer,
        // In ProtoBuf every scalar has a default, and a list is there where it is empty.
        ...(protocol === 'ProtoBuf:1' && { created_at: 0, tags: [] }),
      });
      expect(entry).not.toHaveProperty('authenticated_entity');
    });

    it('can name a credential besides, of which the log entry has the ids', async () => {
      const { entry } = await run(protocol, [
        [
          'kong.client.authenticate',
          { id: 'iss|alice' },
          { id: 'token', consumer_id: 'iss|alice', secret: 'not to be logged' },
        ],
      ]);
      expect(entry.consumer).toMatchObject({ id: 'iss|alice' });
      expect(entry.authenticated_entity).toEqual({ id: 'token', consumer_id: 'iss|alice' });
    });
  },
);
