import { ConfigError } from '../../../../config-error.ts';
import type { Environment } from '../../../environment.ts';

const RELATIVE = 'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI';
const FULL = 'AWS_CONTAINER_CREDENTIALS_FULL_URI';
const ECS = 'http://169.254.170.2';
/** Of ECS, and of EKS Pod Identity. */
const AWS_HOSTS = new Set(['169.254.170.2', '169.254.170.23', '[fd00:ec2::23]']);

/**
 * Where the container's AWS credentials are; as in AWS's own libraries, the relative variable goes before the full one.
 *
 * @throws ConfigError where the URL would carry the credentials over a network in the clear
 */
export function containerCredentialsUrl(environment: Environment): string | undefined {
  const relative = environment[RELATIVE];
  if (relative) {
    if (!/^\/[\x21-\x7e]{0,2047}$/.test(relative)) {
      throw new ConfigError([`${RELATIVE}: must be a path that starts with /`]);
    }
    return `${ECS}${relative}`;
  }
  const full = environment[FULL];
  if (!full) return undefined;
  if (!isAllowed(full)) {
    throw new ConfigError([
      `${FULL}: must be a URL of https, or of http on this machine, 169.254.170.2, 169.254.170.23 or [fd00:ec2::23]`,
    ]);
  }
  return full;
}

function isAllowed(text: string): boolean {
  if (!/^https?:\/\/[\x21-\x7e]{1,2048}$/.test(text) || !URL.canParse(text)) return false;
  const { protocol, hostname, username, password } = new URL(text);
  if (`${username}${password}` !== '') return false;
  return protocol === 'https:' || AWS_HOSTS.has(hostname) || isLoopback(hostname);
}

/** `URL` has brought addresses into their shortest form. */
function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d+){3}$/.test(hostname);
}
