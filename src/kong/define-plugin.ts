import type { z } from 'zod';
import type { ConfigFields } from '../core/config/fields.ts';
import { type KongField, toKongSchema } from '../core/config/kong-schema.ts';
import { parseConfig } from '../core/config/parse-config.ts';
import { ConfigError } from '../core/config-error.ts';
import { isJsonObject } from '../core/json.ts';
import type { Logger } from '../core/logger.ts';
import { Malfunction } from '../core/malfunction.ts';
import { type Outcome, type Refuse, refuse, type Stage } from '../core/stage.ts';
import { VERSION } from '../core/version.ts';
import { withinTime } from '../core/within-time.ts';
import { describeError } from './describe-error.ts';
import { hearResponse } from './hear-response.ts';
import { isPipelined } from './is-pipelined.ts';
import type { KongPdk } from './pdk.ts';
import { createRateLimit } from './rate-limit.ts';
import { readFacts } from './read-facts.ts';
import { exit, writeOutcome } from './write-outcome.ts';

/** Allowed for all that is asked of Kong in one phase; far below the 60 s after which Kong stops waiting. */
export const PDK_TIME_MS = 5_000;

export interface PluginDefinition<F extends ConfigFields> {
  /** Equal to the file's name: that is what Kong knows the plugin by. */
  name: string;
  /** Kong runs plugins in descending order of priority. */
  priority: number;
  fields: F;
  /** May throw ConfigError; the instance then refuses every request with `invalid_config`. */
  createStage(config: z.output<F>): Stage;
  /**
   * The plugin has work beside the requests: before the first one, the stage's `warm`; after each response, its
   * `afterwards`, which costs a round trip.
   */
  worksBesideRequests?: boolean;
  /** Bound on reading, deciding and any network the stage uses, in milliseconds. */
  timeoutMs(config: z.output<F>): number;
  logger: Logger;
}

/** The module shape that Kong's JavaScript plugin server loads. */
export interface KongPlugin {
  Plugin: new (config: unknown) => RunningPlugin;
  Name: string;
  Version: string;
  Priority: number;
  Schema: Record<string, KongField>[];
}

/** Its methods are the phases in which Kong runs it, and `warm`, which is our own plugin server's alone. */
interface RunningPlugin {
  access(kong: KongPdk): Promise<void>;
  log?(kong: KongPdk): Promise<void>;
  warm?(service: { host: string }): Promise<void>;
}

type Prepared = { pluginId: unknown; stage: Stage; timeoutMs: number } | { problem: string };

interface Decided {
  outcome: Outcome;
  /** For Kong's own error log, which at its default level does not show what a plugin server prints. */
  alert?: string;
}

const UNBOUND = new AbortController().signal;
const ALERT_PERIOD_MS = 60_000;
const REPORT_PERIOD_MS = 10_000;

/**
 * Makes a stage into a Kong plugin. The one place where configuration is parsed, a phase is run and bounded in time,
 * and every throw becomes a refusal: the stock plugin server lets a request through when `access` throws, so it never does.
 */
export function definePlugin<F extends ConfigFields>(definition: PluginDefinition<F>): KongPlugin {
  const { name, priority, fields, logger } = definition;
  // Every nginx worker starts an instance of each config; one line a process is enough.
  const firstReport = createRateLimit(Number.POSITIVE_INFINITY);
  const reportDue = createRateLimit(REPORT_PERIOD_MS);
  const alertDue = createRateLimit(ALERT_PERIOD_MS);

  function prepare(raw: unknown): Prepared {
    try {
      const config = parseConfig(fields, raw);
      const stage = definition.createStage(config);
      const pluginId = isJsonObject(raw) ? raw.__plugin_id : undefined;
      return { pluginId, stage, timeoutMs: definition.timeoutMs(config) };
    } catch (error) {
      const problems =
        error instanceof ConfigError
          ? { problems: error.problems }
          : { error: describeError(error) };
      return { problem: misconfigured(problems) };
    }
  }

  /** @returns the problems as one text */
  function misconfigured(problems: object): string {
    const problem = JSON.stringify(problems);
    if (firstReport(problem)) {
      report(
        { code: 'invalid_config', ...problems },
        'configuration refused; every request of this route is answered with 500 until it is mended',
      );
    }
    return problem;
  }

  function malfunction(error: unknown): Refuse {
    const refusal = { code: 'internal_error' } as const;
    const description = describeError(error);
    if (reportDue(JSON.stringify(description))) {
      report(
        { ...refusal, error: description },
        'request refused; told again after 10 s at the earliest',
      );
    }
    return refuse(refusal);
  }

  /** What is configured elsewhere, such as a policy, may become wrong and right again while the instance runs. */
  function unsettled(error: unknown): Decided {
    if (!(error instanceof ConfigError)) return { outcome: malfunction(error) };
    const alert = misconfigured({ problems: error.problems });
    return { outcome: refuse({ code: 'invalid_config' }), alert };
  }

  /** A full or closed log must not turn a refusal into a throw. */
  function report(fields: Record<string, unknown>, message: string): void {
    try {
      logger.error({ plugin: name, ...fields }, message);
    } catch {}
  }

  async function decide(kong: KongPdk, prepared: Prepared): Promise<Decided> {
    if ('problem' in prepared) {
      return { outcome: refuse({ code: 'invalid_config' }), alert: prepared.problem };
    }
    const { pluginId, stage, timeoutMs } = prepared;
    // Our own plugin server bounds every event by itself.
    if (isPipelined(kong)) return judge(kong, stage, UNBOUND);
    return withinTime(
      timeoutMs,
      async (signal) => {
        if (await isMeant(kong, pluginId)) return judge(kong, stage, signal);
        return { outcome: malfunction(new Malfunction(SWAPPED)), alert: SWAPPED };
      },
      () => new Malfunction(`no decision within ${timeoutMs} ms`),
    );
  }

  async function judge(kong: KongPdk, stage: Stage, signal: AbortSignal): Promise<Decided> {
    const preparation = stage.ready?.();
    if (preparation !== undefined) await preparation;
    const needs = stage.needs();
    const reading = await readFacts(kong, needs, signal);
    if ('refusal' in reading) return { outcome: refuse(reading.refusal) };
    return { outcome: await stage.run(reading.facts, needs) };
  }

  async function hear(kong: KongPdk, prepared: Prepared): Promise<void> {
    if ('problem' in prepared || prepared.stage.afterwards === undefined) return;
    const { pluginId, timeoutMs } = prepared;
    const { afterwards } = prepared.stage;
    await withinTime(
      timeoutMs,
      (signal) =>
        hearResponse(kong, afterwards, {
          isMeant: async () => isPipelined(kong) || (await isMeant(kong, pluginId)),
          signal,
        }),
      () => new Malfunction(`nothing was heard of a response within ${timeoutMs} ms`),
    );
  }

  class Plugin {
    readonly #prepared: Prepared;

    constructor(config: unknown) {
      this.#prepared = prepare(config);
    }

    async access(kong: KongPdk): Promise<void> {
      try {
        const { outcome, alert } = await decide(kong, this.#prepared).catch(unsettled);
        if (alert !== undefined && alertDue(alert)) await kong.log.err(`${name}: ${alert}`);
        await writeOutcome(kong, name, outcome);
      } catch (error) {
        exit(kong, malfunction(error).refusal);
      }
    }

    protected get prepared(): Prepared {
      return this.#prepared;
    }
  }

  class PluginBesideRequests extends Plugin {
    async log(kong: KongPdk): Promise<void> {
      // The client has its answer: there is nothing left to refuse.
      await hear(kong, this.prepared).catch((error) => {
        const described = { error: describeError(error) };
        if (reportDue(JSON.stringify(described))) report(described, 'a response was not heard of');
      });
    }

    async warm(service: { host: string }): Promise<void> {
      if ('stage' in this.prepared) await this.prepared.stage.warm?.(service);
    }
  }

  return {
    Plugin: definition.worksBesideRequests === true ? PluginBesideRequests : Plugin,
    Name: name,
    Version: VERSION,
    Priority: priority,
    Schema: toKongSchema(fields),
  };
}

const SWAPPED =
  'Kong ran the instance of another plugin configuration, because the plugin server was restarted without Kong; restart Kong';

/**
 * The stock plugin server numbers its instances from 0 again after a restart, while Kong goes on using the numbers it
 * knows: this instance, with its config, may be run in place of another plugin's. Ours never gives a number twice.
 */
async function isMeant(kong: KongPdk, pluginId: unknown): Promise<boolean> {
  const meant = await kong.plugin.getId();
  return typeof pluginId === 'string' && pluginId === meant;
}
