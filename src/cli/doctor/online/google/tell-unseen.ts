import type { Finding, Told } from '../../finding.ts';
import { findingOfRoutes, listed } from '../finding-of-routes.ts';
import { groupBy } from '../group-by.ts';
import type { Learnt } from './look-up-service.ts';
import { partsOfService } from './parts-of-service.ts';
import type { TokenRoute } from './sender.ts';
import type { ServiceFacts } from './service-facts.ts';
import type { ServiceInUse } from './services-in-use.ts';

interface Unseen {
  resource: string;
  facts: Exclude<Learnt<ServiceFacts>, { outcome: 'found' }>;
  routes: readonly string[];
}

const LOGIN = 'gcloud auth application-default login   # as somebody with roles/run.viewer';

/** What could not be seen of Cloud Run, and why: once for each reason, however many services it concerns. */
export function tellUnseen(
  routes: readonly TokenRoute[],
  services: readonly ServiceInUse[],
): Finding[] {
  const unseen = services.flatMap(({ resource, lookup: { facts }, routes: users }): Unseen[] =>
    facts.outcome === 'found' ? [] : [{ resource, facts, routes: users.map(({ name }) => name) }],
  );
  const groups = groupBy(unseen, reasonOf);
  return [
    ...unknownServices(routes),
    ...[...groups.values()].flatMap((group) => {
      const [first] = group;
      if (first === undefined) return [];
      const names = group.flatMap((service) => service.routes);
      return [findingOfRoutes(names, describe(first, group))];
    }),
  ];
}

function unknownServices(routes: readonly TokenRoute[]): Finding[] {
  const unknown = routes.filter(({ resource }) => resource === undefined);
  const [first] = unknown;
  if (first === undefined) return [];
  const hosts = [...new Set(unknown.map(({ host }) => host))];
  return [
    findingOfRoutes(
      unknown.map(({ name }) => name),
      {
        check: 'invoker',
        severity: 'info',
        message: `Which Cloud Run service is behind ${listed(hosts)} is not known, so invoker, ingress and audience were not looked at there.`,
        fix: `--service ${first.name}=projects/PROJECT/locations/REGION/services/SERVICE`,
      },
    ),
  ];
}

/** Services with the same have one finding together. */
function reasonOf({ resource, facts }: Unseen): string {
  switch (facts.outcome) {
    case 'unavailable':
      return `unavailable: ${facts.reason}`;
    case 'no_token':
      return 'no_token';
    case 'denied': {
      const { project } = partsOfService(resource);
      return facts.why === 'permission' ? resource : `${facts.why} ${project}`;
    }
    case 'not_found':
      return resource;
  }
}

function describe({ resource, facts }: Unseen, group: readonly Unseen[]): Told {
  const { project, location, service } = partsOfService(resource);
  const names = listed(group.map((one) => partsOfService(one.resource).service));
  const unseen = `so ${names} ${group.length === 1 ? 'was' : 'were'} not looked at`;
  const told = (message: string, fix: string): Told => ({
    check: 'invoker',
    severity: 'info',
    message,
    fix,
  });
  switch (facts.outcome) {
    case 'not_found':
      return {
        check: 'invoker',
        severity: 'error',
        message: `There is no Cloud Run service ${service} in ${location} of ${project}.`,
        fix: `gcloud run services list --region=${location} --project=${project}`,
      };
    case 'unavailable':
      return {
        ...told(
          `The Cloud Run Admin API gives no answer (${facts.reason}), ${unseen}.`,
          'curl -sSI https://run.googleapis.com   # and HTTPS_PROXY, where the way out is a proxy',
        ),
        severity: 'warning',
      };
    case 'no_token':
      return told(`There are no credentials here to ask Cloud Run with, ${unseen}.`, LOGIN);
    case 'denied':
      if (facts.why === 'api_disabled') {
        return told(
          `The Cloud Run Admin API is not enabled in the project of the credentials, ${unseen}.`,
          `gcloud services enable run.googleapis.com --project=${project}`,
        );
      }
      if (facts.why === 'scope') {
        return told(
          `This machine's access tokens lack the scope cloud-platform, ${unseen}.`,
          'gcloud compute instances set-service-account INSTANCE --scopes=cloud-platform   # while it is stopped',
        );
      }
      return told(`No credentials here may read ${service} (run.services.get), ${unseen}.`, LOGIN);
  }
}
