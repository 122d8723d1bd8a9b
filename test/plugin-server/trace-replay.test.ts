import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeRpcCall } from '../../src/plugin-server/protocol/rpc.ts';
import type { KongSide } from './support/kong-side.ts';
import { type Kong, servePlugin } from './support/serve-plugin.ts';

interface Frame {
  from?: 'kong' | 'server';
  hex?: string;
  kind?: string;
  message?: { instanceStatus?: { instanceId: number } };
}

interface Trace {
  scenarios: { scenario: string; frames: Frame[] }[];
}

const file = new URL('../fixtures/kong-traces/protobuf.json', import.meta.url);
const trace: Trace = JSON.parse(readFileSync(file, 'utf8'));

/** Calls with arguments that the traced server sent and ours refuses to send, and a reply that was not kept. */
const LEFT_OUT = ['badargs', 'bigbody'];
const scenarios = trace.scenarios.filter(({ scenario }) => !LEFT_OUT.includes(scenario));

const EXIT_HEX = Buffer.from('kong.response.exit').toString('hex');

type Call = [method: string, ...args: unknown[]];

/** The plugin of the traces: it makes the calls that its config names, one after another. */
async function makeCalls(kong: Kong, json: unknown): Promise<void> {
  for (const [method, ...args] of JSON.parse(String(json ?? '[]')) as Call[]) {
    // The traced server took both in one object.
    const given = method === 'kong.client.authenticate' ? Object.values(args[0] ?? {}) : args;
    const path = method.split('.').slice(1);
    try {
      const target = path.reduce((object, name) => object[name], kong);
      await target(...given);
    } catch {}
  }
}

describe("replay of Kong 3.9.3's side of every scenario", () => {
  let served: Awaited<ReturnType<typeof servePlugin>>;
  let kong: KongSide;
  let config: { calls?: string; log_calls?: string } = {};
  let instanceId = 0;

  beforeAll(async () => {
    const instance = {
      plugin: 'tracer',
      config: {},
      startedAt: 0,
      object: {
        access: (pdk: Kong) => makeCalls(pdk, config.calls),
        log: (pdk: Kong) => makeCalls(pdk, config.log_calls),
      },
    };
    served = await servePlugin(
      {},
      {
        startInstance: async (_, json) => {
          config = JSON.parse(json);
          return instanceId;
        },
        findInstance: () => instance,
      },
    );
  });
  afterAll(() => served.stop());

  it.each(scenarios)('«$scenario»: our bytes are those of the trace', async ({ frames }) => {
    kong = await served.connect();
    const compared: string[][] = [];
    /** Whether the next frame is the arguments of an exit. */
    let exits = false;
    instanceId =
      frames.find(({ message }) => message?.instanceStatus)?.message?.instanceStatus?.instanceId ??
      0;
    for (const { from, hex, kind } of frames) {
      if (from === undefined || hex === undefined) continue;
      const bytes = Buffer.from(hex, 'hex');
      if (kind === 'RpcCall' && decodeRpcCall(bytes).command === 'handle_event' && kong.isClosed) {
        kong = await served.connect();
      }
      if (from === 'kong') kong.send(bytes);
      else compared.push([(await kong.frame())?.toString('hex') ?? 'closed', hex]);
      // Kong closes the connection on which it was told to answer.
      if (compared.at(-1)?.[1] === EXIT_HEX) exits = true;
      else if (exits) {
        kong.close();
        await kong.closed();
        exits = false;
      }
    }
    expect(compared.map(([ours]) => ours)).toEqual(compared.map(([, theirs]) => theirs));
    expect(compared.length).toBeGreaterThan(1);
  });
});
