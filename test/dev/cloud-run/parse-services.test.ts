import { describe, expect, it } from 'vitest';
import { parseServices } from '../../../dev/cloud-run/parse-services.ts';

const CERTS = 'http://127.0.0.1:8085/oauth2/v3/certs';

describe('parseServices', () => {
  it('gives each service the flags that follow it', () => {
    const args = `--certs-url ${CERTS} --health-port 9000
      --service tasks --port 8081 --audience https://tasks.example --audience custom --invoker a@b
      --service open --port 8082 --audience https://open.example --invoker allUsers`;
    const common = { host: '127.0.0.1', certsUrl: CERTS };
    expect(parseServices(args.split(/\s+/))).toEqual({
      healthPort: 9000,
      services: [
        {
          ...common,
          service: 'tasks',
          port: 8081,
          audiences: ['https://tasks.example', 'custom'],
          invokers: ['a@b'],
        },
        {
          ...common,
          service: 'open',
          port: 8082,
          audiences: ['https://open.example'],
          invokers: ['allUsers'],
        },
      ],
    });
  });

  it('reads which requests a service takes, and what stands before it', () => {
    const args = `--certs-url ${CERTS} --service tasks --port 1 --audience a --accept-host Tasks.example
      --accept-host b --ingress INGRESS_TRAFFIC_INTERNAL_ONLY --iap-audience client --iap-accessor a@b
      --service other --port 2 --audience b --iap-audience client`;
    expect(parseServices(args.split(/\s+/)).services).toMatchObject([
      {
        hosts: ['tasks.example', 'b'],
        ingress: 'INGRESS_TRAFFIC_INTERNAL_ONLY',
        iap: { audience: 'client', accessors: ['a@b'] },
      },
      { iap: { audience: 'client' } },
    ]);
  });

  it.each([
    ['--service a --port 1 --audience b', '--certs-url'],
    ['--certs-url nonsense --service a', '--certs-url'],
    [`--certs-url ${CERTS}`, '--service'],
    [`--certs-url ${CERTS} --port 1 --service a`, '--port comes after'],
    [`--certs-url ${CERTS} --service a --audience b`, 'needs a --port'],
    [`--certs-url ${CERTS} --service a --port 1`, 'needs an --audience'],
    [`--certs-url ${CERTS} --service a --port 99999 --audience b`, 'not a port'],
    [`--certs-url ${CERTS} --service a --port x --audience b`, 'not a port'],
    [`--certs-url ${CERTS} --service a --port 1 --audience b --ingress all`, '--ingress is one of'],
    [`--certs-url ${CERTS} --service a --port 1 --audience b --iap-accessor c`, '--iap-audience'],
  ])('refuses "%s"', (args, message) => {
    expect(() => parseServices(args.split(' '))).toThrow(message);
  });
});
