import { z } from 'zod';

/** cloud.google.com/run/docs/reference/rest/v2/projects.locations.services#ingresstraffic */
export const INGRESS_TRAFFIC = [
  'INGRESS_TRAFFIC_ALL',
  'INGRESS_TRAFFIC_INTERNAL_ONLY',
  'INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER',
  'INGRESS_TRAFFIC_NONE',
] as const;

export type IngressTraffic = (typeof INGRESS_TRAFFIC)[number];

/** cloud.google.com/iam/docs/reference/rest/v1/Policy#binding; a condition is kept and never evaluated */
export interface PolicyBinding {
  role: string;
  members: readonly string[];
  condition?: { title: string; expression: string; description?: string };
}

/**
 * A service with the fields of the Admin API that this project reads, and who may do what with it. Members are
 * written as in an IAM policy, or as a bare email. Nothing but the name is needed: such a service is private,
 * takes traffic from everywhere, and nobody may call it.
 */
export interface CloudRunServiceOptions {
  /** `projects/{project}/locations/{location}/services/{service}`, with the project's id */
  name: string;
  labels?: Readonly<Record<string, string>>;
  /** default INGRESS_TRAFFIC_ALL */
  ingress?: IngressTraffic;
  customAudiences?: readonly string[];
  defaultUriDisabled?: boolean;
  invokerIamDisabled?: boolean;
  iapEnabled?: boolean;
  /** instead of the two run.app URLs; the first becomes `uri` as well */
  urls?: readonly string[];
  /** roles/run.invoker on the service */
  invokers?: readonly string[];
  /** roles/run.viewer on the service: may read it, and perhaps no other */
  viewers?: readonly string[];
  /** what else the service's own policy says */
  bindings?: readonly PolicyBinding[];
  /**
   * Who may read the policy, by whatever grant, and nobody else; default is whom roles/run.viewer or
   * roles/run.admin lets. An empty list is a reader of services who has a role without run.services.getIamPolicy.
   */
  policyViewers?: readonly string[];
}

const members = z.array(z.string());

/** {@link CloudRunServiceOptions} as JSON gives them. */
export const cloudRunServiceSchema = z.strictObject({
  name: z
    .string()
    .regex(/^projects\/[^/]+\/locations\/[^/]+\/services\/[a-z][a-z0-9-]*$/, 'not a service'),
  labels: z.record(z.string(), z.string()).exactOptional(),
  ingress: z.enum(INGRESS_TRAFFIC).exactOptional(),
  customAudiences: z.array(z.string()).exactOptional(),
  defaultUriDisabled: z.boolean().exactOptional(),
  invokerIamDisabled: z.boolean().exactOptional(),
  iapEnabled: z.boolean().exactOptional(),
  urls: z.array(z.url()).exactOptional(),
  invokers: members.exactOptional(),
  viewers: members.exactOptional(),
  bindings: z
    .array(
      z.strictObject({
        role: z.string(),
        members,
        condition: z
          .strictObject({
            title: z.string(),
            expression: z.string(),
            description: z.string().exactOptional(),
          })
          .exactOptional(),
      }),
    )
    .exactOptional(),
  policyViewers: members.exactOptional(),
});

/** Roles on the project, which reach every service and stand in no service's own policy. */
export interface ProjectRoles {
  /** roles/run.viewer */
  viewers: readonly string[];
  /** roles/run.invoker */
  invokers: readonly string[];
}

export interface CloudRunServices {
  project: ProjectRoles;
  all(): Iterable<CloudRunServiceOptions>;
  set(service: CloudRunServiceOptions): void;
  delete(name: string): void;
}

/** @throws when an option is not one: the error names the service */
export function createCloudRunServices(
  options: readonly CloudRunServiceOptions[],
  project: ProjectRoles,
): CloudRunServices {
  const services = new Map<string, CloudRunServiceOptions>();
  function set(service: CloudRunServiceOptions): void {
    const read = cloudRunServiceSchema.safeParse(service);
    if (!read.success) {
      throw new Error(`not a Cloud Run service: ${service.name}\n${z.prettifyError(read.error)}`);
    }
    services.set(service.name, read.data);
  }
  for (const service of options) set(service);
  return {
    project,
    all: () => services.values(),
    set,
    delete: (name) => {
      services.delete(name);
    },
  };
}
