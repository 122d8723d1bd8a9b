import { runAppHost } from '../../../cloud-run/run-app-host.ts';
import { withoutTag } from '../../../cloud-run/without-tag.ts';
import type { DeclaredService } from '../../../kong/declarative-config/declarative-config.ts';
import { isUnknown } from '../../../kong/declarative-config/is-unknown.ts';
import { serviceOfHost } from '../../../policy/context/cloud-run-service.ts';

/** Whether a host is one that Google gives to Cloud Run services. */
export function isRunApp(host: string): boolean {
  return runAppHost(host) !== undefined;
}

/** Whether requests of a service go to such a host, directly or through an upstream. */
export function goesToRunApp(service: DeclaredService | undefined): boolean {
  return service !== undefined && hostsOf(service).some(isRunApp);
}

/** The hosts that Kong connects to, in lower case. */
export function hostsOf({ host, upstream }: DeclaredService): string[] {
  const hosts = upstream?.targets.map((target) => target.replace(/:\d+$/, '')) ?? [host];
  return hosts.filter((one) => !isUnknown(one)).map((one) => one.toLowerCase().replace(/\.$/, ''));
}

/** What to write of a service into a gcloud command: its name and region where the host tells, else what to fill in. */
export function gcloudService(host: string): string {
  const [, , , region, , name] = serviceOfHost(withoutTag(host).host)?.split('/') ?? [];
  return name === undefined ? 'SERVICE --region=REGION' : `${name} --region=${region}`;
}
