import type { Told } from '../../finding.ts';
import { gcloudRunServices } from './gcloud-run-services.ts';
import { partsOfService } from './parts-of-service.ts';
import type { ServiceFacts } from './service-facts.ts';

type Judged = Pick<ServiceFacts, 'name' | 'ingress' | 'default_uri_disabled'>;

const INTERNAL = new Set([
  'INGRESS_TRAFFIC_INTERNAL_ONLY',
  'INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER',
]);

/**
 * Whether requests of the gateway get to a service, and whose else do.
 *
 * @param uses_url whether a route calls it by a `run.app` URL
 * @param outside whether this machine is known not to be on Google Cloud
 * @see https://cloud.google.com/run/docs/securing/ingress
 */
export function judgeIngress(
  facts: Judged,
  { uses_url, outside }: { uses_url: boolean; outside: boolean },
): Told[] {
  const { name, ingress, default_uri_disabled } = facts;
  const { service } = partsOfService(name);
  if (default_uri_disabled && uses_url) {
    return [
      {
        check: 'ingress',
        severity: 'error',
        message: `The run.app URLs of ${service} are disabled, and requests to them are answered 404.`,
        fix: gcloudRunServices(name, 'update', '--default-url'),
      },
    ];
  }
  if (ingress === 'INGRESS_TRAFFIC_NONE') {
    return [
      {
        check: 'ingress',
        severity: 'error',
        message: `${service} takes no requests from anywhere.`,
        fix: gcloudRunServices(name, 'update', '--ingress=internal'),
      },
    ];
  }
  if (INTERNAL.has(ingress)) return [judgeInternal(facts, uses_url, outside)];
  if (default_uri_disabled) return [ok(`${service} is not reached by a run.app URL.`)];
  return uses_url
    ? [
        {
          check: 'ingress',
          severity: 'info',
          message: `${service} takes requests from the internet, and IAM alone keeps others out. That is needed where Kong runs outside Google Cloud; from a VPC network of the project internal ingress is enough.`,
          fix: gcloudRunServices(name, 'update', '--ingress=internal'),
        },
      ]
    : [
        {
          check: 'ingress',
          severity: 'info',
          message: `${service} is called by another host, and takes requests to its run.app URLs as well, where IAM alone keeps others out.`,
          fix: gcloudRunServices(name, 'update', '--no-default-url'),
        },
      ];
}

function judgeInternal({ name, ingress }: Judged, uses_url: boolean, outside: boolean): Told {
  const { service } = partsOfService(name);
  if (!uses_url) return ok(`${service} takes no requests to its run.app URLs from the internet.`);
  if (outside) {
    return {
      check: 'ingress',
      severity: 'warning',
      message: `${service} takes internal requests only, and this machine does not seem to be on Google Cloud: those to its run.app URL are likely answered 404.`,
      fix:
        ingress === 'INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER'
          ? 'host: HOST_OF_THE_LOAD_BALANCER'
          : gcloudRunServices(name, 'update', '--ingress=all'),
    };
  }
  return {
    check: 'ingress',
    severity: 'info',
    message: `${service} takes internal requests only: those of Kong must go through a VPC network of its project (Private Google Access), or they are answered 404.`,
    fix: 'gcloud compute networks subnets update SUBNET --region=REGION --enable-private-ip-google-access',
  };
}

function ok(message: string): Told {
  return { check: 'ingress', severity: 'ok', message };
}
