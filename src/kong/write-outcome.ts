import type { Refusal } from '../core/refusal.ts';
import type { Continue, Outcome } from '../core/stage.ts';
import type { KongPdk } from './pdk.ts';
import { renderRefusal } from './render-refusal.ts';

/** Turns an outcome into PDK calls. A refusal is the last thing said on the request. */
export async function writeOutcome(kong: KongPdk, plugin: string, outcome: Outcome): Promise<void> {
  if (outcome.outcome === 'continue') {
    await writeContinue(kong, outcome);
    return;
  }
  await kong.log.setSerializeValue(...logEntry(plugin, outcome));
  exit(kong, outcome.refusal);
}

/** Ends the request. Not awaited: Kong never answers this call. */
export function exit(kong: KongPdk, refusal: Refusal): void {
  const { status, body, headers } = renderRefusal(refusal);
  // An unhandled rejection would end the plugin server, and the stock one fails open when it is gone.
  Promise.resolve(kong.response.exit(status, body, headers)).catch(() => {});
}

/** The verdict is written last, so that a failure on the way there leaves none. */
async function writeContinue(kong: KongPdk, outcome: Continue): Promise<void> {
  for (const name of outcome.remove_headers ?? []) await kong.service.request.clearHeader(name);
  for (const name of Object.keys(outcome.secret_headers ?? {})) {
    // Kong's serializer, which all log plugins share, hides Authorization and no other header.
    await kong.log.setSerializeValue(`request.headers.${name.toLowerCase()}`, 'REDACTED');
  }
  const headers = { ...outcome.set_headers, ...outcome.secret_headers };
  if (Object.keys(headers).length > 0) await kong.service.request.setHeaders(headers);
  if (outcome.log) await kong.log.setSerializeValue('authz', outcome.log);
  if (outcome.authenticated_groups && outcome.authenticated_groups.length > 0) {
    await kong.ctx.shared.set('authenticated_groups', [...outcome.authenticated_groups]);
  }
  for (const [key, value] of Object.entries(outcome.handoff ?? {})) {
    await kong.ctx.shared.set(key, JSON.stringify(value));
  }
}

/** A stage with a record of its own fills `authz`; any other refusal is put beside what stands there. */
function logEntry(plugin: string, outcome: Exclude<Outcome, Continue>): [string, unknown] {
  if (outcome.log) return ['authz', outcome.log];
  const { code, detail } = outcome.refusal;
  return ['authz.refusal', { plugin, code, ...(detail === undefined ? {} : { detail }) }];
}
