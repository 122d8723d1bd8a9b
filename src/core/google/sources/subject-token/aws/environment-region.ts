import { ConfigError } from '../../../../config-error.ts';
import type { Environment } from '../../../environment.ts';

/**
 * The region that the environment names, as Lambda, ECS and EKS do.
 *
 * @throws ConfigError where it is none: it becomes part of a host's name
 */
export function environmentRegion(environment: Environment): string | undefined {
  const name = environment.AWS_REGION ? 'AWS_REGION' : 'AWS_DEFAULT_REGION';
  const region = environment[name];
  if (region === undefined || region === '') return undefined;
  if (!/^[a-z]{2}[a-z0-9-]{1,30}$/.test(region)) {
    throw new ConfigError([`${name}: must be a region such as eu-west-1`]);
  }
  return region;
}
