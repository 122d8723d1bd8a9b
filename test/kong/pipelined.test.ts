import { describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import type { RequestFacts, RequestNeeds } from '../../src/core/request.ts';
import type { Outcome } from '../../src/core/stage.ts';
import { definePlugin } from '../../src/kong/define-plugin.ts';
import { exitOf, type FakeRequest, fakePipelinedKong } from './fake-kong.ts';

const NEEDS: RequestNeeds = {
  attributes: ['method', 'route'],
  headers: ['authorization', 'x-user-id'],
  handoff: ['authenticated_identity'],
};
const REQUEST: FakeRequest = {
  method: 'GET',
  route: { id: 'r1', name: 'tasks' },
  shared: { authenticated_identity: '{"outcome":"anonymous"}' },
};

function plugin(run: (facts: RequestFacts) => Outcome) {
  const { Plugin } = definePlugin({
    name: 'tester',
    priority: 10,
    fields: z.strictObject({}),
    createStage: () => ({ needs: () => NEEDS, run }),
    timeoutMs: () => 5_000,
    logger: { info: vi.fn(), warn: vi.fn(), error: vi.fn() },
  });
  return new Plugin({});
}

async function factsOf(headers: Record<string, unknown>) {
  const fake = fakePipelinedKong({ ...REQUEST, headers });
  const seen: RequestFacts[] = [];
  await plugin((facts) => {
    seen.push(facts);
    return { outcome: 'continue' };
  }).access(fake.kong);
  return { ...fake, facts: seen[0] };
}

describe('over a plugin server that pipelines', () => {
  it('asks for everything before any of it is answered, headers among it, and never for the plugin', async () => {
    const calls = ['get_headers', 'shared.get', 'get_method', 'get_route'];
    const silent = Object.fromEntries(calls.map((call) => [call, 'silence'] as const));
    const fake = fakePipelinedKong({ ...REQUEST, headers: {} }, silent);
    void plugin(() => ({ outcome: 'continue' })).access(fake.kong);
    await new Promise(setImmediate);
    expect(fake.calls.map(([method]) => method)).toEqual(calls);
  });

  it('waits for no write', async () => {
    const fake = fakePipelinedKong(REQUEST);
    let written = 0;
    fake.kong.service.request.clearHeader = () => {
      written += 1;
      return new Promise(() => {});
    };
    await plugin(() => ({ outcome: 'continue', remove_headers: ['a', 'b'] })).access(fake.kong);
    expect(written).toBe(2);
  });

  it('finds headers in every spelling, repeated and empty ones too', async () => {
    const { facts } = await factsOf({
      authorization: '',
      'x-user_id': 'a',
      'x-user-id': ['b', 'c'],
      'x-user-identity': 'd',
    });
    expect(facts).toEqual({
      method: 'GET',
      route: { id: 'r1', name: 'tasks' },
      headers: { authorization: '', 'x-user-id': 'a, b, c' },
      handoff: { authenticated_identity: { outcome: 'anonymous' } },
    });
  });

  it('takes a header called __proto__ for nothing special', async () => {
    const { facts } = await factsOf(
      Object.fromEntries([
        ['__proto__', 'x'],
        ['authorization', 'y'],
      ]),
    );
    expect(facts?.headers).toEqual({ authorization: 'y' });
  });

  it.each([
    ['names', Object.fromEntries(Array.from({ length: 1000 }, (_, n) => [`x-${n}`, 'v']))],
    ['values of one name', { 'x-a': Array.from({ length: 1000 }, () => 'v') }],
  ])('refuses more headers than Kong hands over: %s', async (_, headers) => {
    const { calls, facts } = await factsOf(headers);
    expect(facts).toBeUndefined();
    expect(exitOf(calls)).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
  });

  it('refuses a header that is not UTF-8 where it is needed, and passes over others', async () => {
    const damaged = await factsOf({ authorization: 'Bearer \ufffd' });
    expect(exitOf(damaged.calls)).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
    const { facts } = await factsOf({ authorization: 'x', cookie: '\ufffd' });
    expect(facts?.headers).toEqual({ authorization: 'x' });
  });

  it('refuses where Kong gives no headers at all', async () => {
    const fake = fakePipelinedKong(REQUEST);
    fake.kong.request.getHeaders = async () => undefined;
    await plugin(() => ({ outcome: 'continue' })).access(fake.kong);
    expect(exitOf(fake.calls)).toMatchObject({ status: 500, body: { code: 'internal_error' } });
  });
});
