import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type {
  PolicySource,
  PolicySourceSettings,
} from '../../../src/policy/source/policy-source.ts';
import { countCacheResults } from '../../core/count-cache-results.ts';
import {
  createDirectory,
  createRig,
  createSigner,
  type Directory,
  inForce,
  NOW_SECONDS,
  policyWith,
  type Rig,
  sign,
} from './support.ts';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

const publisher = createSigner('EdDSA');
const TYP = { typ: 'policy+jws', iat: NOW_SECONDS - 100 };

let server: Server;
let answer: Answer;
let requests: IncomingMessage[];
let policy_url: string;
let directory: Directory;
let policy_cache_dir: string;

beforeEach(async () => {
  requests = [];
  server = createServer((request, response) => {
    requests.push(request);
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  policy_url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/policy.yaml?token=secret`;
  directory = createDirectory();
  policy_cache_dir = directory.path('cache');
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  directory.remove();
});

function serve(text: string, headers: Record<string, string> = {}): Answer {
  return (request, response) => {
    if (headers.etag !== undefined && request.headers['if-none-match'] === headers.etag) {
      response.writeHead(304).end();
    } else {
      response.writeHead(200, headers).end(text);
    }
  };
}

const serveSigned = (jws: string) => serve(jws, { 'content-type': 'application/jose' });
const fail: Answer = (_, response) => response.writeHead(503).end();

async function start(
  changes: Partial<PolicySourceSettings> = {},
): Promise<{ rig: Rig; source: PolicySource }> {
  const rig = createRig({ fetch });
  const source = rig.open({ policy_url, ...changes });
  await source.ready();
  return { rig, source };
}

const problemsOf = (rig: Rig) => rig.log.flatMap(({ fields }) => fields.problems ?? []);

describe('a policy from a URL', () => {
  it('is in force once it was fetched', async () => {
    answer = serve(policyWith('first'));
    const rig = createRig({ fetch });
    const source = rig.open({ policy_url });
    expect(inForce(source)).toEqual({ problems: ['config.policy_url: was not fetched yet'] });
    await source.ready();
    expect(inForce(source)).toEqual(['first']);
    expect(rig.log).toEqual([]);
  });

  it('is replaced by what is published later', async () => {
    answer = serve(policyWith('first'));
    const { rig, source } = await start();
    answer = serve(policyWith('second'));
    await rig.poll();
    expect(inForce(source)).toEqual(['second']);
    expect(rig.log).toMatchObject([
      { level: 'info', message: 'a new version of the policy at this URL is in force' },
    ]);
  });

  it('is asked for by its ETag, and stays the same object where it has not changed', async () => {
    answer = serve(policyWith('first'), { etag: '"1"' });
    const { rig, source } = await start();
    const before = source.current();
    await rig.poll();
    expect(requests.map(({ headers }) => headers['if-none-match'])).toEqual([undefined, '"1"']);
    expect(source.current()).toBe(before);
  });

  it('stays the same object where a server without ETag repeats it', async () => {
    answer = serve(policyWith('first'));
    const { rig, source } = await start();
    const before = source.current();
    await rig.poll();
    expect(source.current()).toBe(before);
    expect(rig.load).toHaveBeenCalledOnce();
    expect(rig.log).toEqual([]);
  });

  it('is never asked for by an ETag that would match everything', async () => {
    answer = serve(policyWith('first'), { etag: '*' });
    const { rig } = await start();
    await rig.poll();
    expect(requests.map(({ headers }) => headers['if-none-match'])).toEqual([undefined, undefined]);
  });

  it('is asked for as often as configured, less a tenth by chance', async () => {
    answer = serve(policyWith('first'));
    const delays = async (random: number) => {
      const rig = createRig({ fetch, random: () => random });
      await rig.open({ policy_url, poll_seconds: 60 }).ready();
      await rig.poll();
      return rig.timers.map(({ delay_ms }) => delay_ms);
    };
    expect(await delays(0)).toEqual([60_000]);
    expect(await delays(0.5)).toEqual([57_000]);
  });

  it('is asked for sooner while there is none', async () => {
    answer = fail;
    const { rig, source } = await start();
    expect(rig.timers.map(({ delay_ms }) => delay_ms)).toEqual([1000]);
    answer = serve(policyWith('first'));
    rig.timers[0]?.task();
    await rig.poll();
    expect(inForce(source)).toEqual(['first']);
  });
});

describe('a policy that cannot be had from its URL', () => {
  it.each<[string, Answer, RegExp]>([
    ['fails', fail, /it was answered with status 503/],
    [
      'redirects',
      (_, response) => response.writeHead(302, { location: '/other' }).end(),
      /it was answered with status 302/,
    ],
    [
      'says that nothing has changed, unasked',
      (_, response) => response.writeHead(304).end(),
      /304/,
    ],
    ['closes the connection', (request) => request.socket.destroy(), /it cannot be fetched: /],
    [
      'cuts the answer short',
      (request, response) => {
        response.writeHead(200, { 'content-length': '1000' }).write('version: 1');
        setImmediate(() => request.socket.destroy());
      },
      /it cannot be fetched: /,
    ],
    [
      'sends too much',
      (_, response) => response.writeHead(200).end(Buffer.alloc(1024 * 1024 + 1, ' ')),
      /larger than 1048576 bytes/,
    ],
    [
      'sends what becomes too much',
      (_, response) =>
        response
          .writeHead(200, { 'content-encoding': 'gzip' })
          .end(gzipSync(Buffer.alloc(50 * 1024 * 1024, ' '))),
      /larger than 1048576 bytes/,
    ],
    [
      'does not say where its answer ends',
      (_, response) => {
        response.removeHeader('transfer-encoding');
        response.writeHead(200);
        response.write(policyWith('second'));
        response.end();
      },
      /the answer does not say where it ends/,
    ],
    [
      'sends bytes that are no text',
      (_, response) => response.writeHead(200).end(Buffer.of(0xff)),
      /not UTF-8/,
    ],
    ['sends a page', serve('<html>Sign in</html>'), /policy\.yaml:1:1: /],
  ])('stays in its last good version where the server %s', async (_, spoilt, problem) => {
    answer = serve(policyWith('first'));
    const { rig, source } = await start();
    answer = spoilt;
    const counted = countCacheResults('policies');
    await rig.poll();
    await rig.poll();
    expect(inForce(source)).toEqual(['first']);
    expect(counted()).toMatchObject({ stale: 1 });
    expect(rig.log).toMatchObject([{ level: 'error' }]);
    expect(problemsOf(rig)).toEqual([expect.stringMatching(problem)]);
    expect(JSON.stringify(rig.log)).not.toContain('secret');
    answer = serve(policyWith('first'));
    await rig.poll();
    expect(rig.log.at(-1)?.message).toBe('the policy at this URL is good again');
    answer = serve(policyWith('second'));
    await rig.poll();
    expect(inForce(source)).toEqual(['second']);
  });

  it('stays in its last good version where there is no server', async () => {
    answer = serve(policyWith('first'));
    const { rig, source } = await start();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await rig.poll();
    expect(inForce(source)).toEqual(['first']);
    expect(problemsOf(rig)).toEqual([expect.stringMatching(/it cannot be fetched: ECONN/)]);
    await new Promise<void>((resolve) => server.listen(0, resolve));
  });

  it('is waited for five seconds at most', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const signals: (AbortSignal | null | undefined)[] = [];
    const rig = createRig({
      fetch(_, options) {
        signals.push(options?.signal);
        return new Promise(() => {});
      },
    });
    const source = rig.open({ policy_url });
    await vi.advanceTimersByTimeAsync(5000);
    await source.ready();
    vi.useRealTimers();
    expect(problemsOf(rig)).toEqual([expect.stringMatching(/no answer within 5000 ms/)]);
    expect(signals[0]?.aborted).toBe(true);
  });

  it('is good again where the server says that the last good one has not changed', async () => {
    answer = serve(policyWith('first'), { etag: '"1"' });
    const { rig } = await start();
    answer = serve('version: 2', { etag: '"2"' });
    await rig.poll();
    answer = serve(policyWith('first'), { etag: '"1"' });
    await rig.poll();
    expect(requests.at(-1)?.headers['if-none-match']).toBe('"1"');
    expect(rig.log.at(-1)?.message).toBe('the policy at this URL is good again');
  });

  it('refuses with the reason where it never was there', async () => {
    answer = fail;
    const { source } = await start();
    expect(inForce(source)).toEqual({
      problems: [expect.stringMatching(/policy\.yaml: it was answered with status 503$/)],
    });
  });
});

describe('a signed policy from a URL', () => {
  const bundle_keys = [publisher.pem];
  const publish = (rule: string, iat: number) => sign(publisher, policyWith(rule), { ...TYP, iat });

  it('is in force where one of the keys verifies it', async () => {
    answer = serveSigned(await publish('first', NOW_SECONDS));
    const { source } = await start({ bundle_keys });
    expect(inForce(source)).toEqual(['first']);
    expect(requests[0]?.headers.accept).toBe('application/jose');
  });

  it.each<[string, () => Promise<Answer>, RegExp]>([
    ['is not signed', async () => serveSigned(policyWith('second')), /not a JWS in compact/],
    [
      'is signed by somebody else',
      async () => serveSigned(await sign(createSigner('EdDSA'), policyWith('second'), TYP)),
      /its signature is not valid/,
    ],
    [
      'was signed as a grant',
      async () => serveSigned(await sign(publisher, policyWith('second'), { typ: 'grant+jwt' })),
      /its typ is not policy\+jws/,
    ],
    [
      'is of another content type',
      async () => serve(await sign(publisher, policyWith('second'), TYP)),
      /the answer is not of content type application\/jose/,
    ],
    [
      'has no iat',
      async () => serveSigned(await sign(publisher, policyWith('second'), { typ: 'policy+jws' })),
      /its header has no iat/,
    ],
    [
      'has an iat that is no time',
      async () => serveSigned(await sign(publisher, policyWith('second'), { ...TYP, iat: '9' })),
      /its header has no iat/,
    ],
    [
      'was signed in the future',
      async () => serveSigned(await publish('second', NOW_SECONDS + 301)),
      /its iat is in the future/,
    ],
    [
      'is older than the one in force',
      async () => serveSigned(await publish('second', NOW_SECONDS - 101)),
      /its iat is older/,
    ],
    [
      'is another of the same time',
      async () => serveSigned(await publish('second', NOW_SECONDS - 100)),
      /another version with the same iat is in force/,
    ],
  ])('is refused where it %s', async (_, published, problem) => {
    answer = serveSigned(await publish('first', NOW_SECONDS - 100));
    const { rig, source } = await start({ bundle_keys });
    answer = await published();
    await rig.poll();
    expect(inForce(source)).toEqual(['first']);
    expect(problemsOf(rig)).toEqual([expect.stringMatching(problem)]);
    answer = serveSigned(await publish('second', NOW_SECONDS - 99));
    await rig.poll();
    expect(inForce(source)).toEqual(['second']);
  });

  it('may be signed anew, after which the former time is too old', async () => {
    answer = serveSigned(await publish('first', NOW_SECONDS - 100));
    const { rig, source } = await start({ bundle_keys });
    const before = source.current();
    answer = serveSigned(await publish('first', NOW_SECONDS - 50));
    await rig.poll();
    expect(source.current()).toBe(before);
    answer = serveSigned(await publish('second', NOW_SECONDS - 60));
    await rig.poll();
    expect(inForce(source)).toEqual(['first']);
  });

  it('does not raise the bar where it does not load', async () => {
    answer = serveSigned(await publish('first', NOW_SECONDS - 100));
    const { rig, source } = await start({ bundle_keys });
    answer = serveSigned(await sign(publisher, 'version: 2', { ...TYP, iat: NOW_SECONDS }));
    await rig.poll();
    answer = serveSigned(await publish('second', NOW_SECONDS - 50));
    await rig.poll();
    expect(inForce(source)).toEqual(['second']);
  });
});

describe('a policy that is kept on disk', () => {
  const bundle_keys = [publisher.pem];
  const signed = () => ({ bundle_keys, policy_cache_dir });
  const publish = (rule: string, iat: number) => sign(publisher, policyWith(rule), { ...TYP, iat });
  const kept = () => {
    const [name = 'nothing', ...others] = readdirSync(policy_cache_dir);
    expect(others).toEqual([]);
    return directory.path(`cache/${name}`);
  };

  it('is in force after a restart during an outage, loudly', async () => {
    answer = serve(policyWith('first'));
    await start({ policy_cache_dir });
    answer = fail;
    const { rig, source } = await start({ policy_cache_dir });
    expect(inForce(source)).toEqual(['first']);
    expect(rig.log).toMatchObject([
      {
        level: 'error',
        fields: { from: 'policy_cache_dir', policy_version: source.current().version },
        message: 'the policy at this URL cannot be used; its last good version is in force',
      },
    ]);
    expect(rig.timers[0]?.delay_ms).toBe(30_000);
  });

  it('is not in force before its URL was asked', async () => {
    answer = serve(policyWith('first'));
    await start({ policy_cache_dir });
    answer = serve(policyWith('second'));
    const rig = createRig({ fetch });
    const source = rig.open({ policy_url, policy_cache_dir });
    expect(inForce(source)).toHaveProperty('problems');
    await source.ready();
    expect(inForce(source)).toEqual(['second']);
  });

  it('is the newest good one, for its owner alone', async () => {
    answer = serve(policyWith('first'));
    const { rig } = await start({ policy_cache_dir });
    answer = serve(policyWith('second'));
    await rig.poll();
    answer = serve('version: 2');
    await rig.poll();
    expect(JSON.parse(readFileSync(kept(), 'utf8'))).toEqual({
      url: policy_url,
      body: policyWith('second'),
    });
    expect(statSync(kept()).mode & 0o777).toBe(0o600);
    expect(statSync(policy_cache_dir).mode & 0o777).toBe(0o700);
  });

  it('is verified again', async () => {
    answer = serveSigned(await publish('first', NOW_SECONDS));
    await start(signed());
    answer = fail;
    expect(inForce((await start(signed())).source)).toEqual(['first']);
    const other = createSigner('EdDSA').pem;
    writeFileSync(
      kept(),
      JSON.stringify({ url: policy_url, body: await sign(createSigner('EdDSA'), 'x', TYP) }),
    );
    const { rig, source } = await start({ ...signed(), bundle_keys: [other, publisher.pem] });
    expect(inForce(source)).toHaveProperty('problems');
    expect(rig.log).toMatchObject([
      { level: 'warn', fields: { problems: [expect.stringMatching(/signature is not valid/)] } },
      { level: 'error' },
    ]);
  });

  it('cannot be rolled back by a restart', async () => {
    answer = serveSigned(await publish('first', NOW_SECONDS));
    await start(signed());
    answer = serveSigned(await publish('older', NOW_SECONDS - 1));
    const { rig, source } = await start(signed());
    expect(inForce(source)).toEqual(['first']);
    expect(problemsOf(rig)).toEqual([expect.stringMatching(/its iat is older/)]);
  });

  it('is only missed where it cannot be written, and is written once it can be', async () => {
    writeFileSync(policy_cache_dir, 'a file in its place');
    answer = serve(policyWith('first'), { etag: '"1"' });
    const { rig, source } = await start({ policy_cache_dir });
    await rig.poll();
    expect(inForce(source)).toEqual(['first']);
    expect(rig.log).toMatchObject([
      { level: 'warn', message: 'the policy that was kept on disk is not used' },
      { level: 'warn', message: 'the policy could not be kept on disk' },
    ]);
    directory.remove();
    mkdirSync(directory.path(''));
    await rig.poll();
    expect(readFileSync(kept(), 'utf8')).toContain('first');
  });
});
