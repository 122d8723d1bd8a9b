import { ConfigError } from '../../../core/config-error.ts';
import type { Logger } from '../../../core/logger.ts';
import { Malfunction } from '../../../core/malfunction.ts';
import { readRegularFile } from '../../../core/read-regular-file.ts';
import { withinTime } from '../../../core/within-time.ts';
import type { PolicyConfig } from '../../../policy/config.ts';
import { loadPolicy } from '../../../policy/load-policy.ts';
import type { Policy } from '../../../policy/policy.ts';
import { createPolicySources } from '../../../policy/source/create-policy-sources.ts';
import type { DoctorRoute, DoctorSubject, DoctorTools } from '../check.ts';
import type { Finding } from '../finding.ts';
import { policyFileHere } from '../policy-file-here.ts';
import { judgeRunAs } from './judge-run-as.ts';
import { mergeFindings } from './merge-findings.ts';

type Tools = Pick<DoctorTools, 'clock' | 'fetch' | 'timeout_ms'>;

const silent: Logger = { info() {}, warn() {}, error() {} };

/** The check `run-as`: whether routes allow the service accounts that rules of their policies name. */
export async function checkRunAs(
  { file, routes }: DoctorSubject,
  tools: Tools,
): Promise<Finding[]> {
  const openPolicy = createOpenPolicy(file, tools);
  const looked = await Promise.all(routes.map((route) => checkRoute(route, openPolicy)));
  return mergeFindings(looked.flat());
}

async function checkRoute(
  { name, evaluator, cloud_run_token }: DoctorRoute,
  openPolicy: (config: PolicyConfig) => Promise<Policy | undefined>,
): Promise<Finding[]> {
  const config = cloud_run_token?.config;
  if (config === undefined) return [];
  // Its config is wrong, of which another check tells.
  if (evaluator !== undefined && evaluator.config === undefined) return [];
  const policy = evaluator?.config === undefined ? null : await openPolicy(evaluator.config);
  if (policy === undefined) {
    return [
      {
        check: 'run-as',
        severity: 'info',
        route: name,
        message: 'The policy could not be loaded, so its run_as were not looked at.',
      },
    ];
  }
  const watches = evaluator?.config?.mode === 'shadow';
  return judgeRunAs(policy, config, watches).map((told) => ({ ...told, route: name }));
}

/** Loads policies as `policy-evaluator` does, but once, and without writing to its cache. */
function createOpenPolicy(kongYml: string, { clock, fetch, timeout_ms }: Tools) {
  const sources = createPolicySources({
    clock,
    logger: silent,
    fetch,
    load: loadPolicy,
    readFile: (field, named, most) => readRegularFile(field, policyFileHere(named, kongYml), most),
    after: () => () => {},
  });
  return async ({
    policy,
    policy_file,
    policy_url,
    bundle_keys,
  }: PolicyConfig): Promise<Policy | undefined> => {
    try {
      const source = sources.open({ policy, policy_file, policy_url, bundle_keys });
      await withinTime(
        timeout_ms,
        () => source.ready(),
        () => new Malfunction('the policy is not there in time'),
      );
      return source.current();
    } catch (error) {
      if (error instanceof ConfigError || error instanceof Malfunction) return undefined;
      throw error;
    }
  };
}
