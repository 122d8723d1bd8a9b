import { describe, expect, it } from 'vitest';
import { isServiceResource, serviceOfHost } from '../../../src/policy/context/cloud-run-service.ts';

describe('the host of a Kong service', () => {
  it.each([
    [
      'tasks-123456789012.europe-west1.run.app',
      'projects/123456789012/locations/europe-west1/services/tasks',
    ],
    [
      'tasks-runner-2-123456789012.northamerica-northeast1.run.app',
      'projects/123456789012/locations/northamerica-northeast1/services/tasks-runner-2',
    ],
    [
      'build-20251124-123456789012.us-central1.run.app',
      'projects/123456789012/locations/us-central1/services/build-20251124',
    ],
    [
      'Tasks-123456789012.Europe-West1.Run.App.',
      'projects/123456789012/locations/europe-west1/services/tasks',
    ],
  ])('%s tells the service', (host, service) => {
    expect(serviceOfHost(host)).toBe(service);
    expect(isServiceResource(service)).toBe(true);
  });

  it.each([
    'tasks-abcdefghij-ew.a.run.app',
    'tasks.europe-west1.run.app',
    '-123456789012.europe-west1.run.app',
    'tasks-123456789012.europe-west1.run.app.example.com',
    'tasks-123456789012.europe-west1.run-app',
    'evil.tasks-123456789012.europe-west1.run.app',
    'blue---tasks-123456789012.europe-west1.run.app',
    'tasks-123456789012.europe-west1.run.app\n',
    `${'a'.repeat(60)}-123456789012.europe-west1.run.app`,
    'tasks.internal',
    '127.0.0.1',
    '',
  ])('%j does not', (host) => {
    expect(serviceOfHost(host)).toBeUndefined();
  });
});

describe('a resource name', () => {
  it.each([
    'projects/demo-project/locations/europe-west1/services/tasks',
    'projects/123456789012/locations/us-central1/services/t',
    'projects/example.com:demo-project/locations/me-central2/services/tasks',
  ])('is %s', (text) => {
    expect(isServiceResource(text)).toBe(true);
  });

  it.each([
    'tasks',
    '/projects/demo-project/locations/europe-west1/services/tasks',
    'projects/demo-project/locations/europe-west1/services/tasks/',
    'projects/demo-project/locations/europe-west1/services/tasks?fields=template',
    'projects/demo-project/locations/europe-west1/services/..',
    'projects/../locations/europe-west1/services/tasks',
    'projects/demo-project/locations/europe-west1/services/tasks:setIamPolicy',
    'projects/demo-project/locations/-/services/tasks',
    'projects/demo-project/locations/europe-west1/jobs/tasks',
    'projects/Demo/locations/europe-west1/services/tasks',
  ])('is not %s', (text) => {
    expect(isServiceResource(text)).toBe(false);
  });
});
