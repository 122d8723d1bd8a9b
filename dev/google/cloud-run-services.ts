export interface CloudRunServiceOptions {
  /** `projects/{project}/locations/{location}/services/{service}`, with the project's id */
  name: string;
  labels?: Readonly<Record<string, string>>;
  /** who may read this service and perhaps no other: roles/run.viewer on the service */
  viewers?: readonly string[];
}

export interface CloudRunServices {
  /** who may read every service: roles/run.viewer on the project */
  viewers: ReadonlySet<string>;
  /** @returns undefined where there is no such service */
  find(name: string): CloudRunServiceOptions | undefined;
  set(service: CloudRunServiceOptions): void;
  delete(name: string): void;
}

const NAME = /^projects\/[^/]+\/locations\/[^/]+\/services\/[a-z][a-z0-9-]*$/;

export function createCloudRunServices(
  options: readonly CloudRunServiceOptions[],
  viewers: readonly string[],
): CloudRunServices {
  const services = new Map<string, CloudRunServiceOptions>();
  function set(service: CloudRunServiceOptions): void {
    if (!NAME.test(service.name)) throw new Error(`not a Cloud Run service: ${service.name}`);
    services.set(service.name, service);
  }
  for (const service of options) set(service);
  return {
    viewers: new Set(viewers),
    find: (name) => services.get(name),
    set,
    delete: (name) => {
      services.delete(name);
    },
  };
}
