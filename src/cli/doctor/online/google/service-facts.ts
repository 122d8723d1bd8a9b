import { isJsonObject, type JsonObject, ownMember } from '../../../../core/json.ts';
import { isServiceResource } from '../../../../policy/context/cloud-run-service.ts';

/** Of a Cloud Run service what decides who reaches it. */
export interface ServiceFacts {
  /** Its resource name, as Google writes it. */
  name: string;
  /** `INGRESS_TRAFFIC_ALL` and others. */
  ingress: string;
  /** Those that Google gave it. */
  urls: readonly string[];
  custom_audiences: readonly string[];
  default_uri_disabled: boolean;
  invoker_iam_disabled: boolean;
  iap_enabled: boolean;
}

/** Nothing else of a service is asked for: its template may hold secrets. */
export const SERVICE_FIELDS =
  'name,uri,urls,customAudiences,ingress,defaultUriDisabled,invokerIamDisabled,iapEnabled';

/**
 * @param asked the resource name that was asked for
 * @see https://cloud.google.com/run/docs/reference/rest/v2/projects.locations.services#resource:-service
 */
export function readServiceFacts(body: JsonObject, asked: string): ServiceFacts {
  const name = ownMember(body, 'name');
  const uri = textsIn([ownMember(body, 'uri')]);
  return {
    name: typeof name === 'string' && isServiceResource(name) ? name : asked,
    ingress: textsIn([ownMember(body, 'ingress')])[0] ?? 'INGRESS_TRAFFIC_UNSPECIFIED',
    urls: [...new Set([...textsIn(ownMember(body, 'urls')), ...uri])],
    custom_audiences: textsIn(ownMember(body, 'customAudiences')),
    default_uri_disabled: ownMember(body, 'defaultUriDisabled') === true,
    invoker_iam_disabled: ownMember(body, 'invokerIamDisabled') === true,
    iap_enabled: ownMember(body, 'iapEnabled') === true,
  };
}

/** Who has which role on it, by its own IAM policy. */
export interface RoleBinding {
  role: string;
  members: readonly string[];
  /** Whether it counts under a condition alone. */
  conditional: boolean;
}

/** @see https://cloud.google.com/iam/docs/reference/rest/v1/Policy */
export function readBindings(body: JsonObject): RoleBinding[] {
  const bindings = ownMember(body, 'bindings') ?? [];
  if (!Array.isArray(bindings)) return [];
  return bindings.filter(isJsonObject).map((binding) => ({
    role: textsIn([ownMember(binding, 'role')])[0] ?? '',
    members: textsIn(ownMember(binding, 'members')),
    conditional: ownMember(binding, 'condition') !== undefined,
  }));
}

function textsIn(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}
