import type { Socket } from 'node:net';
import { isJsonObject } from '../core/json.ts';
import { EventCalls } from './pdk/event-calls.ts';
import type { PluginInstance } from './plugin-instance.ts';
import { encodeFrame, FrameReader } from './protocol/frame.ts';
import { decodeRpcCall, encodeRpcReturn, type RpcCall, type RpcResult } from './protocol/rpc.ts';
import { type EventOutcome, type RunningEvent, runEvent } from './run-event.ts';

export interface EndedEvent {
  plugin: string;
  phase: string;
  outcome: EventOutcome;
  seconds: number;
  pdkCalls: number;
  batches: number;
}

/** What connections have in common. */
export interface ConnectionHost {
  eventTimeoutMs: number;
  maxFrameBytes: number;
  describePlugins(): { name: string; info: Record<string, unknown> }[];
  /**
   * @returns the new instance's id once every worker knows it
   * @throws Error where the plugin is unknown or does not take the configuration
   */
  startInstance(plugin: string, config: string): Promise<number>;
  findInstance(id: number): PluginInstance | undefined;
  closeInstance(id: number): void;
  alertDue(plugin: string): boolean;
  /** An event that went wrong. */
  onFailure(plugin: string, phase: string, error: unknown): void;
  onEventEnd(event: EndedEvent): void;
  /** Kong may send the next call, or the connection may be closed. */
  onIdle(connection: Connection): void;
  /** A connection that this side gave up, and why. */
  onConnectionLost(reason: LostReason, error?: unknown): void;
}

export type LostReason = 'protocol' | 'unfinished_frame' | 'peer_stalled' | 'start_failed';

/**
 * - `idle`: Kong may send a call;
 * - `starting`: an instance is being started;
 * - `event`: a plugin runs, or Kong still owes replies of the last event;
 * - `spent`: Kong will send nothing more and close it.
 */
type State = 'idle' | 'starting' | 'event' | 'spent';

/** Serves Kong on one connection: one call after another, each event with its PDK calls. */
export class Connection {
  readonly #socket: Socket;
  readonly #host: ConnectionHost;
  readonly #reader: FrameReader;
  #state: State = 'idle';
  #calls: EventCalls | undefined;
  #event: RunningEvent | undefined;
  #isEventOver = true;
  #deadline: NodeJS.Timeout | undefined;

  constructor(socket: Socket, host: ConnectionHost) {
    this.#socket = socket;
    this.#host = host;
    this.#reader = new FrameReader(host.maxFrameBytes);
    socket.on('data', (chunk) => this.#receive(chunk));
    socket.on('drain', () => this.#watch());
    // Without a listener an error of one connection would end the process; 'close' follows it.
    socket.on('error', () => {});
    socket.on('close', () => this.#closed());
  }

  /** Whether closing now would cut off a plugin, or Kong while it replies. */
  get isBusy(): boolean {
    return this.#state === 'starting' || this.#state === 'event';
  }

  /** Closes it once what was written has left. */
  end(): void {
    this.#state = 'spent';
    this.#socket.end(() => this.#socket.destroy());
  }

  #receive(chunk: Buffer): void {
    try {
      this.#reader.push(chunk);
      for (let frame = this.#reader.next(); frame !== undefined; frame = this.#reader.next()) {
        this.#takeFrame(frame);
        if (this.#socket.destroyed) return;
      }
    } catch (error) {
      this.#giveUp('protocol', error);
      return;
    }
    this.#watch();
  }

  #takeFrame(frame: Buffer): void {
    const calls = this.#calls;
    switch (this.#state) {
      case 'idle':
        this.#takeCall(decodeRpcCall(frame));
        return;
      case 'event':
        if (calls === undefined) throw new Error('a reply outside of an event');
        calls.takeReply(frame);
        if (this.#isEventOver && calls.awaited === 0) this.#becomeIdle();
        return;
      case 'spent':
        // Kong replies to what was asked before the answer.
        if (calls === undefined || calls.awaited === 0) throw new Error('a frame after the answer');
        calls.takeReply(frame);
        return;
      case 'starting':
        throw new Error('a frame before the reply');
    }
  }

  #takeCall(call: RpcCall): void {
    switch (call.command) {
      case 'handle_event':
        this.#handleEvent(call);
        return;
      case 'start_instance':
        this.#startInstance(call);
        return;
      case 'close_instance': {
        const status = this.#status(call.instanceId);
        this.#host.closeInstance(call.instanceId);
        this.#reply(call.sequence, status);
        return;
      }
      case 'get_instance_status':
        this.#reply(call.sequence, this.#status(call.instanceId));
        return;
      case 'get_plugin_names': {
        const names = this.#host.describePlugins().map(({ name }) => name);
        this.#reply(call.sequence, { plugin_names: { names } });
        return;
      }
      case 'get_plugin_info': {
        const found = this.#host.describePlugins().find(({ name }) => name === call.name);
        this.#reply(call.sequence, found === undefined ? {} : { plugin_info: found.info });
        return;
      }
    }
  }

  #status(id: number): RpcResult {
    const instance = this.#host.findInstance(id);
    if (instance === undefined) return {};
    const { plugin, startedAt, config } = instance;
    return {
      instance_status: {
        name: plugin,
        instance_id: id,
        started_at: startedAt,
        ...(isJsonObject(config) ? { config } : {}),
      },
    };
  }

  #startInstance({ sequence, name, config }: RpcCall & { command: 'start_instance' }): void {
    this.#state = 'starting';
    this.#host.startInstance(name, config).then(
      (instance_id) => {
        if (this.#socket.destroyed) {
          // Kong will never name it.
          this.#host.closeInstance(instance_id);
          return;
        }
        this.#reply(sequence, { instance_status: { name, instance_id } });
        this.#becomeIdle();
      },
      // Without a status Kong would hold back all requests for 10 s; this way it answers 500 and asks again.
      (error) => this.#giveUp('start_failed', error),
    );
  }

  #handleEvent({ sequence, instanceId, eventName }: RpcCall & { command: 'handle_event' }): void {
    const calls = new EventCalls((bytes) => this.#write(bytes));
    this.#calls = calls;
    const instance = this.#host.findInstance(instanceId);
    if (instance === undefined) {
      // With these words Kong forgets the instance, starts it again and repeats the event.
      this.#state = 'spent';
      calls.failWith(`no plugin instance #${instanceId}`);
      return;
    }
    this.#state = 'event';
    this.#isEventOver = false;
    const { plugin } = instance;
    const started = performance.now();
    const event = runEvent({
      instance,
      phase: eventName,
      calls,
      timeoutMs: this.#host.eventTimeoutMs,
      rpcReturn: encodeRpcReturn(sequence),
      alertDue: (name) => this.#host.alertDue(name),
      onFailure: (error) => this.#host.onFailure(plugin, eventName, error),
      onEnd: (outcome) => {
        this.#isEventOver = true;
        this.#event = undefined;
        this.#host.onEventEnd({
          plugin,
          phase: eventName,
          outcome,
          seconds: (performance.now() - started) / 1000,
          pdkCalls: calls.made,
          batches: calls.batches,
        });
        if (!calls.isEnded) this.#state = 'spent';
        else if (calls.awaited === 0) this.#becomeIdle();
        this.#watch();
      },
    });
    if (!this.#isEventOver) this.#event = event;
  }

  #becomeIdle(): void {
    this.#state = 'idle';
    this.#calls = undefined;
    this.#host.onIdle(this);
  }

  #reply(sequence: number, result: RpcResult): void {
    this.#write(encodeFrame(encodeRpcReturn(sequence, result)));
  }

  #write(bytes: Buffer): void {
    if (this.#socket.destroyed) return;
    this.#socket.write(bytes);
    if (this.#socket.writableLength > this.#host.maxFrameBytes) this.#giveUp('peer_stalled');
  }

  /**
   * Bounds how long the peer may keep half a frame back, or what it was sent unread. While an event runs, the event's own
   * time bounds both.
   */
  #watch(): void {
    const isUnfinished = this.#reader.hasUnfinishedFrame;
    const isStalled = this.#socket.writableNeedDrain;
    if (!this.#isEventOver || !(isUnfinished || isStalled)) {
      clearTimeout(this.#deadline);
      this.#deadline = undefined;
      return;
    }
    this.#deadline ??= setTimeout(
      () => this.#giveUp(isStalled ? 'peer_stalled' : 'unfinished_frame'),
      this.#host.eventTimeoutMs,
    );
  }

  #giveUp(reason: LostReason, error?: unknown): void {
    if (this.#socket.destroyed) return;
    this.#host.onConnectionLost(reason, error);
    this.#socket.destroy();
  }

  #closed(): void {
    clearTimeout(this.#deadline);
    this.#state = 'spent';
    this.#event?.abort();
  }
}
