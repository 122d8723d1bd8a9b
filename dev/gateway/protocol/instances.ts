import { setTimeout as sleep } from 'node:timers/promises';
import { LuaError } from '../lua/lua-error.ts';
import { type LuaValue, luaToString } from '../lua/value.ts';
import type { InstanceConfig, Outcome, PdkHost, PluginRpc } from './rpc.ts';

const POLL_MS = 100;
const MOST_POLLS = 100;

interface Running {
  conf: InstanceConfig;
  seq: LuaValue;
  /** Undefined while the instance is being started. */
  instanceId: LuaValue;
  /** Undefined until it has started. */
  pluginName: string | undefined;
}

/**
 * The instances that a Kong worker believes to be running. They outlive the plugin server: after its
 * restart the ids kept here are sent to a server that may have given them to other plugins.
 */
export class Instances {
  readonly #running = new Map<string, Running>();
  #isStopped = false;

  /** Ends all waiting for instances that others are starting. */
  stop(): void {
    this.#isStopped = true;
  }

  /**
   * The id of the instance of a config, starting it if there is none yet. A second request waits up
   * to ten seconds for the first one's start.
   *
   * @throws LuaError when the start fails; when it raises an error of its own, the instance stays
   *   claimed
   */
  async idOf(rpc: PluginRpc, conf: InstanceConfig, pdk: PdkHost): Promise<Outcome<LuaValue>> {
    let running = this.#running.get(conf.id);
    for (let polls = 1; running !== undefined && running.instanceId === undefined; polls += 1) {
      await sleep(POLL_MS);
      if (this.#isStopped) return { ok: false, error: 'closed' };
      if (polls > MOST_POLLS) {
        this.#running.delete(conf.id);
        const error = `Could not claim instance_id for ${rpc.plugin.name} (key: ${conf.id})`;
        return { ok: false, error };
      }
      running = this.#running.get(conf.id);
    }
    if (running !== undefined && running.seq === conf.seq && running.conf.id === conf.id) {
      return { ok: true, value: running.instanceId };
    }
    return await this.#start(rpc, conf, running, pdk);
  }

  async #start(
    rpc: PluginRpc,
    conf: InstanceConfig,
    former: Running | undefined,
    pdk: PdkHost,
  ): Promise<Outcome<LuaValue>> {
    const formerId = former?.instanceId;
    const claim = former ?? { conf, seq: conf.seq, instanceId: undefined, pluginName: undefined };
    claim.instanceId = undefined;
    this.#running.set(conf.id, claim);
    const started = await rpc.startInstance(conf, pdk);
    if (!started.ok) {
      pdk.log('err', `starting instance: ${luaToString(started.error)}`);
      this.#running.delete(conf.id);
      throw new LuaError(luaToString(started.error));
    }
    claim.conf = conf;
    claim.seq = conf.seq;
    claim.instanceId = started.value;
    claim.pluginName = rpc.plugin.name;
    if (formerId !== undefined) await rpc.closeInstance(formerId, pdk);
    return started;
  }

  /** Forgets all instances of a plugin, so that the next event starts a new one. */
  reset(pluginName: string): void {
    for (const [key, running] of this.#running) {
      if (running.pluginName === pluginName) this.#running.delete(key);
    }
  }
}
