import type { Refusal } from '../core/refusal.ts';
import type { Continue, Outcome, Refuse, Respond } from '../core/stage.ts';
import { isPipelined } from './is-pipelined.ts';
import type { KongPdk } from './pdk.ts';
import { type RefusalResponse, renderRefusal } from './render-refusal.ts';

type Write = () => Promise<unknown>;

/** Turns an outcome into PDK calls. A refusal, like any answer, is the last thing said on the request. */
export async function writeOutcome(kong: KongPdk, plugin: string, outcome: Outcome): Promise<void> {
  switch (outcome.outcome) {
    case 'continue':
      await perform(kong, continueWrites(kong, outcome));
      return;
    case 'refuse': {
      const [key, value] = logEntry(plugin, outcome);
      await perform(kong, [() => kong.log.setSerializeValue(key, value)]);
      exit(kong, outcome.refusal);
      return;
    }
    case 'respond':
      await perform(kong, logWrites(kong, outcome));
      answer(kong, outcome);
  }
}

/** Refuses the request. */
export function exit(kong: KongPdk, refusal: Refusal): void {
  answer(kong, renderRefusal(refusal));
}

/** Ends the request. Not awaited: Kong never answers this call. */
function answer(kong: KongPdk, { status, body, headers }: RefusalResponse | Respond): void {
  // An unhandled rejection would end the plugin server, and the stock one fails open when it is gone.
  Promise.resolve(kong.response.exit(status, body, headers)).catch(() => {});
}

/**
 * Makes calls in this order. Where they are pipelined none is waited for, so that all travel with the end of the event;
 * Kong refuses the request if one fails.
 */
async function perform(kong: KongPdk, writes: readonly Write[]): Promise<void> {
  const pipelined = isPipelined(kong);
  for (const write of writes) {
    const written = write();
    if (!pipelined) await written;
  }
}

/** The verdict is written last, so that a failure on the way there leaves none. */
function continueWrites(kong: KongPdk, outcome: Continue): Write[] {
  const writes: Write[] = [];
  for (const name of outcome.remove_headers ?? []) {
    writes.push(() => kong.service.request.clearHeader(name));
  }
  for (const name of Object.keys(outcome.secret_headers ?? {})) {
    // Kong's serializer, which all log plugins share, hides Authorization and no other header.
    const key = `request.headers.${name.toLowerCase()}`;
    writes.push(() => kong.log.setSerializeValue(key, 'REDACTED'));
  }
  const headers = { ...outcome.set_headers, ...outcome.secret_headers };
  if (Object.keys(headers).length > 0) writes.push(() => kong.service.request.setHeaders(headers));
  for (const [name, value] of Object.entries(outcome.response_headers ?? {})) {
    writes.push(() => kong.response.setHeader(name, value));
  }
  writes.push(...logWrites(kong, outcome));
  const { consumer } = outcome;
  if (consumer) writes.push(() => kong.client.authenticate(consumer));
  if (outcome.authenticated_groups) {
    // Also none: what another plugin has left there is not this caller's.
    const groups = [...outcome.authenticated_groups];
    writes.push(() => kong.ctx.shared.set('authenticated_groups', groups));
  }
  for (const [key, value] of Object.entries(outcome.handoff ?? {})) {
    writes.push(() => kong.ctx.shared.set(key, JSON.stringify(value)));
  }
  return writes;
}

function logWrites(kong: KongPdk, { log }: Continue | Respond): Write[] {
  return log ? [() => kong.log.setSerializeValue('authz', log)] : [];
}

/** A stage with a record of its own fills `authz`; any other refusal is put beside what stands there. */
function logEntry(plugin: string, outcome: Refuse): [string, unknown] {
  if (outcome.log) return ['authz', outcome.log];
  const { code, detail } = outcome.refusal;
  return ['authz.refusal', { plugin, code, ...(detail === undefined ? {} : { detail }) }];
}
