import { Malfunction } from '../core/malfunction.ts';
import { renderRefusal } from '../kong/render-refusal.ts';
import { createPdk } from './pdk/create-pdk.ts';
import type { EventCalls } from './pdk/event-calls.ts';
import type { PluginInstance } from './plugin-instance.ts';
import { EXIT_METHOD } from './protocol/pdk-calls.ts';

/** How an event ended: the request went on, the plugin answered it, or one of what must not happen. */
export type EventOutcome = 'continued' | 'refused' | 'failed' | 'timed_out' | 'aborted';

export interface EventOptions {
  instance: PluginInstance;
  /** Also the name of the method that is run. */
  phase: string;
  calls: EventCalls;
  timeoutMs: number;
  /** The payload of the frame that follows the end of the event. */
  rpcReturn: Uint8Array;
  /** Says whether Kong's own error log is to hear of a failure now. */
  alertDue(plugin: string): boolean;
  onFailure(error: unknown): void;
  /** Called once. */
  onEnd(outcome: EventOutcome): void;
}

export interface RunningEvent {
  /** Kong has gone away. */
  abort(): void;
}

/** The phases in which Kong's PDK lets a plugin answer the request. */
const ANSWERING = new Set(['rewrite', 'access', 'response']);
/** The phase after the answer: there is nothing left to refuse. */
const AFTERWARDS = 'log';

/**
 * Runs one phase of a plugin. However that goes wrong, the request does not go on: it is answered with 500 by the plugin
 * server or, in phases without an answer, by Kong.
 *
 * Closing the connection would not do: Kong would start the instance anew and repeat the event, for ever.
 */
export function runEvent(options: EventOptions): RunningEvent {
  const { instance, phase, calls, timeoutMs } = options;
  let isOver = false;
  let failure: 'failed' | 'timed_out' | undefined;
  calls.onAnswer = () => over(failure ?? 'refused');

  const timer = setTimeout(
    () => fail(new Malfunction(`no result within ${timeoutMs} ms`), 'timed_out'),
    timeoutMs,
  );

  function over(outcome: EventOutcome): void {
    isOver = true;
    clearTimeout(timer);
    options.onEnd(outcome);
  }

  function succeed(): void {
    if (isOver) return;
    calls.end(options.rpcReturn);
    over('continued');
  }

  function fail(error: unknown, outcome: 'failed' | 'timed_out'): void {
    // What is thrown after the answer cannot change it, but whoever wrote the plugin wants to know.
    options.onFailure(error);
    if (isOver) return;
    failure = outcome;
    calls.discardUnsent(
      outcome === 'timed_out' ? 'the event has run out of time' : 'the event has failed',
    );
    refuse();
    if (!isOver) over(outcome);
  }

  function refuse(): void {
    if (phase === AFTERWARDS) {
      calls.end(options.rpcReturn);
      return;
    }
    const alert = `${instance.plugin} failed in ${phase}; its plugin server has logged why`;
    if (!ANSWERING.has(phase)) {
      calls.failWith(alert);
      return;
    }
    if (options.alertDue(instance.plugin)) calls.lastly('kong.log.err', [alert]);
    const { status, body, headers } = renderRefusal({ code: 'internal_error' });
    calls.lastly(EXIT_METHOD, [status, body, headers]);
  }

  try {
    const run = instance.object[phase];
    if (typeof run !== 'function') throw new Malfunction(`there is no phase "${phase}"`);
    Promise.resolve(run.call(instance.object, createPdk(calls))).then(succeed, (error) =>
      fail(error, 'failed'),
    );
  } catch (error) {
    fail(error, 'failed');
  }

  return {
    abort() {
      if (!isOver) over('aborted');
      calls.lose();
    },
  };
}
