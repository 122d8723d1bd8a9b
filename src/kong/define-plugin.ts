import type { z } from 'zod';
import type { ConfigFields } from '../core/config/fields.ts';
import { type KongField, toKongSchema } from '../core/config/kong-schema.ts';
import { parseConfig } from '../core/config/parse-config.ts';
import { ConfigError } from '../core/config-error.ts';
import type { Logger } from '../core/logger.ts';
import { Malfunction } from '../core/malfunction.ts';
import { type Outcome, type Refuse, refuse, type Stage } from '../core/stage.ts';
import { VERSION } from '../core/version.ts';
import { describeError } from './describe-error.ts';
import type { KongPdk } from './pdk.ts';
import { readFacts } from './read-facts.ts';
import { exit, writeOutcome } from './write-outcome.ts';

/** Allowed for all that is asked of Kong in one phase; far below the 60 s after which Kong stops waiting and fails open. */
export const PDK_TIME_MS = 5_000;

export interface PluginDefinition<F extends ConfigFields> {
  /** Equal to the file's name: that is what Kong knows the plugin by. */
  name: string;
  /** Kong runs plugins in descending order of priority. */
  priority: number;
  fields: F;
  /** May throw ConfigError; the instance then refuses every request with `invalid_config`. */
  createStage(config: z.output<F>): Stage;
  /** Bound on reading, deciding and any network the stage uses, in milliseconds. */
  timeoutMs(config: z.output<F>): number;
  logger: Logger;
}

/** The module shape that Kong's JavaScript plugin server loads. */
export interface KongPlugin {
  Plugin: new (config: unknown) => { access(kong: KongPdk): Promise<void> };
  Name: string;
  Version: string;
  Priority: number;
  Schema: Record<string, KongField>[];
}

/**
 * Makes a stage into a Kong plugin. The one place where configuration is parsed, a phase is run and bounded in time,
 * and every throw becomes a refusal: the stock plugin server lets a request through when `access` throws, so it never does.
 */
export function definePlugin<F extends ConfigFields>(definition: PluginDefinition<F>): KongPlugin {
  const { name, priority, fields, logger } = definition;
  const reported = new Set<string>();

  function prepare(raw: unknown): Prepared {
    try {
      const config = parseConfig(fields, raw);
      return { stage: definition.createStage(config), timeoutMs: definition.timeoutMs(config) };
    } catch (error) {
      reportOnce(error);
      return { invalid: true };
    }
  }

  /** Every nginx worker starts an instance of each config; one line a process is enough. */
  function reportOnce(error: unknown): void {
    const fields =
      error instanceof ConfigError ? { problems: error.problems } : { error: describeError(error) };
    const key = JSON.stringify(fields);
    if (reported.has(key) || reported.size >= 1000) return;
    reported.add(key);
    report(
      { code: 'invalid_config', ...fields },
      'configuration refused; every request of this route is answered with 500 until it is mended',
    );
  }

  function malfunction(error: unknown): Refuse {
    const refusal = { code: 'internal_error' } as const;
    report({ ...refusal, error: describeError(error) }, 'request refused');
    return refuse(refusal);
  }

  /** A full or closed log must not turn a refusal into a throw. */
  function report(fields: Record<string, unknown>, message: string): void {
    try {
      logger.error({ plugin: name, ...fields }, message);
    } catch {}
  }

  class Plugin {
    readonly #prepared: Prepared;

    constructor(config: unknown) {
      this.#prepared = prepare(config);
    }

    async access(kong: KongPdk): Promise<void> {
      try {
        const outcome = await decide(kong, this.#prepared).catch(malfunction);
        await writeOutcome(kong, name, outcome);
      } catch (error) {
        exit(kong, malfunction(error).refusal);
      }
    }
  }

  return { Plugin, Name: name, Version: VERSION, Priority: priority, Schema: toKongSchema(fields) };
}

type Prepared = { stage: Stage; timeoutMs: number } | { invalid: true };

async function decide(kong: KongPdk, prepared: Prepared): Promise<Outcome> {
  if ('invalid' in prepared) return refuse({ code: 'invalid_config' });
  const { stage, timeoutMs } = prepared;
  return withinTime(timeoutMs, async (signal) =>
    stage.run(await readFacts(kong, stage.needs(), signal)),
  );
}

/** Rejects once the time is up. What still runs is told by the signal, and its result is dropped. */
async function withinTime<T>(
  timeoutMs: number,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const expiry = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const error = new Malfunction(`no decision within ${timeoutMs} ms`);
      controller.abort(error);
      reject(error);
    }, timeoutMs);
  });
  try {
    return await Promise.race([work(controller.signal), expiry]);
  } finally {
    clearTimeout(timer);
  }
}
