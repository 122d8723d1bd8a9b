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

  it.each([
    ['--service a --port 1 --audience b', '--certs-url'],
    ['--certs-url nonsense --service a', '--certs-url'],
    [`--certs-url ${CERTS}`, '--service'],
    [`--certs-url ${CERTS} --port 1 --service a`, '--port comes after'],
    [`--certs-url ${CERTS} --service a --audience b`, 'needs a --port'],
    [`--certs-url ${CERTS} --service a --port 1`, 'needs an --audience'],
    [`--certs-url ${CERTS} --service a --port 99999 --audience b`, 'not a port'],
    [`--certs-url ${CERTS} --service a --port x --audience b`, 'not a port'],
  ])('refuses "%s"', (args, message) => {
    expect(() => parseServices(args.split(' '))).toThrow(message);
  });
});
