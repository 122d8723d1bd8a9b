import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Google, startGoogle } from '../../../dev/google/start-google.ts';
import { ContextError } from '../../../src/policy/context/context-error.ts';
import { fetchServiceLabels } from '../../../src/policy/context/fetch-service-labels.ts';
import type { ApiAnswer, GoogleApi } from '../../../src/policy/context/google-api.ts';
import { googleApi } from './google-api.ts';
import { inTime } from './support.ts';

const SERVICES = 'projects/demo-project/locations/europe-west1/services';

let google: Google;
let api: GoogleApi;
beforeAll(async () => {
  google = await startGoogle({
    cloudRunServices: [
      { name: `${SERVICES}/tasks`, labels: { env: 'production', team: 'payments' } },
      { name: `${SERVICES}/bare` },
    ],
  });
  api = googleApi(google);
});
beforeEach(() => google.recover());
afterAll(() => google.stop());

const read = (service: string) => fetchServiceLabels(api, google.url, service, inTime());

/** An API that gives this one answer. */
function answering(answer: ApiAnswer): GoogleApi & { urls: string[] } {
  const urls: string[] = [];
  return {
    urls,
    get: async (url) => {
      urls.push(url);
      return answer;
    },
  };
}

const readOf = (answer: ApiAnswer) =>
  fetchServiceLabels(answering(answer), 'https://x', `${SERVICES}/tasks`, inTime());

describe('the labels of a service', () => {
  it('are read', async () => {
    expect(await read(`${SERVICES}/tasks`)).toEqual(
      new Map([
        ['env', 'production'],
        ['team', 'payments'],
      ]),
    );
  });

  it('are found by the number of the project as well', async () => {
    const service = 'projects/123456789012/locations/europe-west1/services/tasks';
    expect((await read(service)).get('env')).toBe('production');
  });

  it('are none where it has none, and where there is no such service', async () => {
    expect(await read(`${SERVICES}/bare`)).toEqual(new Map());
    expect(await read(`${SERVICES}/gone`)).toEqual(new Map());
  });

  it('are asked for without the rest of the service, which may hold secrets', async () => {
    const one = answering({ outcome: 'found', body: { name: `${SERVICES}/tasks` } });
    await fetchServiceLabels(one, 'https://run.googleapis.com', `${SERVICES}/tasks`, inTime());
    expect(one.urls).toEqual([
      `https://run.googleapis.com/v2/${SERVICES}/tasks?fields=name,labels`,
    ]);
  });

  it('cannot be read without the permission, and the error says what to grant', async () => {
    const own = await startGoogle({
      cloudRunViewers: [],
      cloudRunServices: [{ name: `${SERVICES}/tasks` }],
    });
    try {
      const labels = fetchServiceLabels(googleApi(own), own.url, `${SERVICES}/tasks`, inTime());
      await expect(labels).rejects.toMatchObject({
        concerns: 'question',
        message: expect.stringContaining('run.services.get'),
      });
    } finally {
      await own.stop();
    }
  });

  const name = `${SERVICES}/tasks`;
  it.each([
    ['an empty object', {}],
    ['another service', { name: `${SERVICES}/other`, labels: {} }],
    ['labels that are a list', { name, labels: ['env'] }],
    ['a label that is no string', { name, labels: { env: 1 } }],
    ['a label that is too long', { name, labels: { env: 'x'.repeat(257) } }],
    [
      'too many labels',
      { name, labels: Object.fromEntries(Array.from({ length: 257 }, (_, i) => [`l${i}`, ''])) },
    ],
  ])('are not taken from %s', async (_, body) => {
    await expect(readOf({ outcome: 'found', body })).rejects.toBeInstanceOf(ContextError);
  });

  it('may have any name, also one that objects have', async () => {
    const labels = JSON.parse('{"__proto__":"x","constructor":"y"}');
    expect(await readOf({ outcome: 'found', body: { name, labels } })).toEqual(
      new Map([
        ['__proto__', 'x'],
        ['constructor', 'y'],
      ]),
    );
  });
});
