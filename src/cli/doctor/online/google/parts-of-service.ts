/** The parts of `projects/{project}/locations/{location}/services/{service}`. */
export function partsOfService(resource: string): {
  project: string;
  location: string;
  service: string;
} {
  const [, project = '', , location = '', , service = ''] = resource.split('/');
  return { project, location, service };
}
