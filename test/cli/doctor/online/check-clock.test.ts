import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Google, startGoogle } from '../../../../dev/google/start-google.ts';
import { type Served, serve } from './serve.ts';
import { look } from './support.ts';

let google: Google;
let issuer: Served;
beforeAll(async () => {
  google = await startGoogle();
  issuer = await serve((_, response) => response.end('{}'));
});
afterAll(async () => {
  await issuer.stop();
  await google.stop();
});

const environment = () => ({
  CLOUD_RUN_API_ENDPOINT: google.url,
  IAM_CREDENTIALS_ENDPOINT: google.url,
  GCE_METADATA_HOST: google.metadataHost,
});
const routes = () => [
  {
    authorizer: { issuers: [{ issuer: issuer.url, audiences: ['api'] }], leeway_seconds: 20 },
    cloud_run_token: {},
  },
];

it('agrees with issuer and Google where the clock goes right', async () => {
  const [finding] = await look('clock', routes(), { environment: environment() });
  const hosts = [google.url, issuer.url].map((url) => new URL(url).host);
  expect(finding).toEqual({
    check: 'clock',
    severity: 'ok',
    message: `This machine's clock agrees with that of ${hosts.join(', ')}.`,
  });
});

it.each([
  [60_000, 'error'],
  [-60_000, 'error'],
  [15_000, 'warning'],
])('a clock that is %i ms off is an %s, by the leeway of the route', async (off_ms, severity) => {
  const tools = { clock: () => Date.now() + off_ms };
  const [finding] = await look('clock', routes(), { environment: environment(), tools });
  expect(finding?.severity).toBe(severity);
});

it('finds nothing where no route asks anybody', async () => {
  expect(await look('clock', [{}], { environment: environment() })).toEqual([]);
});
