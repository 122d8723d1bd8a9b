import type { Answer, FakePluginServer, Received } from './fake-plugin-server.ts';
import { startFakePluginServer } from './fake-plugin-server.ts';

/** A PDK call that a scripted plugin makes: the method and its arguments. */
export type Call = [method: string, ...args: unknown[]];

export interface ScriptedPlugin extends FakePluginServer {
  /** What the gateway replied to the calls of the access phase, in order. */
  replies: unknown[];
  /** The configs of the instances that were started. */
  configs: Record<string, unknown>[];
}

/** What a plugin does in its phases; by default nothing. */
export interface Script {
  access?: Call[] | ((instance: number) => Call[]);
  log?: Call[];
}

/** A plugin server whose plugin makes the calls of a script and then ends the event. */
export async function startScriptedPlugin(script: Script): Promise<ScriptedPlugin> {
  const replies: unknown[] = [];
  const configs: Record<string, unknown>[] = [];
  const pending = new Map<number, { calls: Call[]; isAccess: boolean }>();
  let instances = 0;
  let events = 0;

  const next = (event: number, reply: Answer) => {
    const call = pending.get(event)?.calls.shift();
    if (call === undefined) {
      reply.result({ Data: 'ret', EventId: event });
      return;
    }
    const [method, ...args] = call;
    reply.result({ Data: { Method: method, Args: args }, EventId: event });
  };

  const answer = ({ method, argument }: Received, reply: Answer) => {
    if (method === 'plugin.StartInstance') {
      configs.push(JSON.parse(String(argument.Config)));
      reply.result({ Name: argument.Name, Id: instances, Config: {} });
      instances += 1;
    } else if (method === 'plugin.HandleEvent') {
      const phase = argument.EventName === 'access' ? 'access' : 'log';
      const calls = script[phase] ?? [];
      const list = typeof calls === 'function' ? calls(Number(argument.InstanceId)) : calls;
      pending.set(events, { calls: [...list], isAccess: phase === 'access' });
      next(events, reply);
      events += 1;
    } else {
      const event = Number(argument.EventId);
      if (pending.get(event)?.isAccess) replies.push(argument.Data);
      next(event, reply);
    }
  };
  const server = await startFakePluginServer(answer);
  return { ...server, replies, configs };
}
