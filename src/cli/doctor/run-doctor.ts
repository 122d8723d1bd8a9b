import { systemClock } from '../../core/clock.ts';
import { ConfigError } from '../../core/config-error.ts';
import { fail, print, printJson } from '../policy/output/print.ts';
import type { DoctorSubject } from './check.ts';
import { checksFor } from './checks.ts';
import { examine } from './examine.ts';
import { readKongSettings } from './local/kong/read-kong-settings.ts';
import { parseNamedService } from './online/parse-named-service.ts';
import { readSubject } from './read-subject.ts';
import { readToken } from './read-token.ts';
import { renderReport } from './render-report.ts';
import { styleOf } from './style.ts';
import { summarize } from './summarize.ts';

export interface DoctorFlags {
  readonly offline?: boolean;
  readonly gateway?: URL;
  readonly path?: string;
  readonly tokenFile?: string;
  readonly tokenEnv?: string;
  readonly maxRequests: number;
  readonly kongConf?: string;
  readonly service: readonly string[];
  readonly timeoutMs: number;
  readonly strict?: boolean;
  readonly json?: boolean;
}

/** @param refuse ends the command where it cannot be carried out: exit code 2 */
export async function doctor(
  file: string,
  flags: DoctorFlags,
  refuse: (message: string) => never,
): Promise<void> {
  const environment = process.env;
  const services = readServices(flags.service, refuse);
  const subject = readInput(file, flags, refuse);
  const findings = await examine(subject, checksFor(flags.offline ?? false, services), {
    clock: systemClock,
    environment,
    fetch,
    timeout_ms: flags.timeoutMs,
  });
  const summary = summarize(subject, findings);
  if (flags.json) printJson({ file, findings, summary });
  else print(renderReport(subject, findings, summary, styleOf(process.stdout.isTTY, environment)));
  if (summary.errors > 0 || (flags.strict && summary.warnings > 0)) fail();
}

function readServices(
  texts: readonly string[],
  refuse: (message: string) => never,
): ReadonlyMap<string, string> {
  return new Map(
    texts.map(
      (text) =>
        parseNamedService(text) ??
        refuse('--service: expected ROUTE=projects/PROJECT/locations/REGION/services/SERVICE'),
    ),
  );
}

function readInput(
  file: string,
  flags: DoctorFlags,
  refuse: (message: string) => never,
): DoctorSubject {
  const { gateway: url, path, maxRequests } = flags;
  const wantsGateway = [path, flags.tokenFile, flags.tokenEnv].some((flag) => flag !== undefined);
  if (url === undefined && wantsGateway) {
    refuse('--path, --token-file and --token-env are for --gateway');
  }
  try {
    const subject = readSubject(file);
    const settings = readKongSettings(flags.kongConf, process.env);
    const token = readToken(flags, process.env);
    return {
      ...subject,
      ...(settings === undefined ? {} : { kong_settings: settings }),
      ...(url === undefined
        ? {}
        : {
            gateway: {
              url,
              max_requests: maxRequests,
              ...(path === undefined ? {} : { path }),
              ...(token === undefined ? {} : { token }),
            },
          }),
    };
  } catch (error) {
    if (error instanceof ConfigError) return refuse(error.message);
    throw error;
  }
}
