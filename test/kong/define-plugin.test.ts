import { describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { ConfigError } from '../../src/core/config-error.ts';
import { Malfunction } from '../../src/core/malfunction.ts';
import { fact, type RequestNeeds } from '../../src/core/request.ts';
import { type Outcome, refuse, type Stage } from '../../src/core/stage.ts';
import { definePlugin } from '../../src/kong/define-plugin.ts';
import { exitOf, fakeKong, PLUGIN_ID } from './fake-kong.ts';

const NOTHING: RequestNeeds = { attributes: [], headers: [], handoff: [] };
const fields = z.strictObject({ word: z.string().default('hello') });

function logger() {
  return { info: vi.fn(), warn: vi.fn(), error: vi.fn() };
}

function plugin(stage: Partial<Stage> | (() => Stage), log = logger(), timeoutMs = 5_000) {
  return definePlugin({
    name: 'tester',
    priority: 10,
    fields,
    createStage: () =>
      typeof stage === 'function'
        ? stage()
        : { needs: () => NOTHING, run: (): Outcome => ({ outcome: 'continue' }), ...stage },
    timeoutMs: () => timeoutMs,
    logger: log,
  });
}

async function access(tester: ReturnType<typeof plugin>, fake = fakeKong(), config = {}) {
  await new tester.Plugin({ __plugin_id: PLUGIN_ID, ...config }).access(fake.kong);
  return fake;
}

describe('definePlugin', () => {
  it('gives the module shape that the plugin server loads', () => {
    const module = plugin({});
    expect(module).toMatchObject({ Name: 'tester', Priority: 10 });
    expect(module.Schema).toEqual([{ word: { type: 'string', default: 'hello' } }]);
    expect(typeof module.Plugin.prototype.access).toBe('function');
  });

  it('tells the stage what the facts were fetched for, though it may need others by then', async () => {
    const asked: RequestNeeds[] = [];
    const run = vi.fn((): Outcome => ({ outcome: 'continue' }));
    const needs = () => {
      asked.push({ ...NOTHING });
      return asked.at(-1) ?? NOTHING;
    };
    await access(plugin({ needs, run }));
    expect(asked).toHaveLength(1);
    expect(run).toHaveBeenCalledWith(expect.anything(), asked[0]);
  });

  it('fetches what the stage needs and nothing else', async () => {
    const seen: unknown[] = [];
    const needs: RequestNeeds = {
      attributes: ['method', 'route'],
      headers: ['x-user-id', 'x-absent'],
      handoff: ['authenticated_identity'],
    };
    const fake = fakeKong({
      method: 'GET',
      path: '/not-asked-for',
      route: { id: 'r1', name: 'tasks' },
      variables: { http_x_user_id: 'u1', http_other: 'x' },
      shared: { authenticated_identity: '{"outcome":"anonymous"}' },
    });
    await access(
      plugin({
        needs: () => needs,
        run: (facts) => {
          seen.push(facts);
          return { outcome: 'continue' };
        },
      }),
      fake,
    );
    expect(seen).toEqual([
      {
        method: 'GET',
        route: { id: 'r1', name: 'tasks' },
        headers: { 'x-user-id': 'u1' },
        handoff: { authenticated_identity: { outcome: 'anonymous' } },
      },
    ]);
    expect(fake.calls).toEqual([
      ['plugin.get_id'],
      ['shared.get', 'authenticated_identity'],
      ['get_var', 'http_x_user_id'],
      ['get_var', 'http_x_absent'],
      ['get_method'],
      ['get_route'],
    ]);
  });

  it('writes headers after their removal, keeps secret ones from the logs, and writes the verdict last', async () => {
    const { calls } = await access(
      plugin({
        run: () => ({
          outcome: 'continue',
          remove_headers: ['x-user'],
          set_headers: { 'X-User': 'alice' },
          secret_headers: { 'X-Key': 'secret' },
          authenticated_groups: ['qa'],
          handoff: { authenticated_identity: { outcome: 'anonymous' } },
          log: { decision: 'allow' },
        }),
      }),
    );
    expect(calls).toEqual([
      ['plugin.get_id'],
      ['clear_header', 'x-user'],
      ['set_serialize_value', 'request.headers.x-key', 'REDACTED'],
      ['set_headers', { 'X-User': 'alice', 'X-Key': 'secret' }],
      ['set_serialize_value', 'authz', { decision: 'allow' }],
      ['shared.set', 'authenticated_groups', ['qa']],
      ['shared.set', 'authenticated_identity', '{"outcome":"anonymous"}'],
    ]);
  });

  it.each([
    ['Kong means another plugin', { __plugin_id: PLUGIN_ID }, 'another'],
    ['the config does not say whose it is', {}, PLUGIN_ID],
  ])(
    'refuses where %s, because instances may swap after a restart',
    async (_, config, pluginId) => {
      const log = logger();
      const run = vi.fn((): Outcome => ({ outcome: 'continue' }));
      const fake = fakeKong({ pluginId });
      await new (plugin({ run }, log).Plugin)(config).access(fake.kong);
      expect(exitOf(fake.calls)).toMatchObject({ status: 500, body: { code: 'internal_error' } });
      expect(run).not.toHaveBeenCalled();
      expect(JSON.stringify(log.error.mock.calls)).toContain('restart Kong');
    },
  );

  it('answers a refusal as problem+json with its challenge, and calls nothing afterwards', async () => {
    const { calls } = await access(
      plugin({
        run: () =>
          refuse({
            code: 'insufficient_scope',
            detail: 'More is needed.',
            challenge: { realm: 'a "b" \\', error: 'insufficient_scope', scope: 'x y' },
            retry_after_seconds: 3,
          }),
      }),
    );
    expect(calls.at(-1)?.[0]).toBe('exit');
    expect(exitOf(calls)).toEqual({
      count: 1,
      status: 403,
      body: {
        type: 'urn:kong-cloud-run-auth:refusal:insufficient_scope',
        title: 'The access token lacks a required scope',
        status: 403,
        detail: 'More is needed.',
        code: 'insufficient_scope',
      },
      headers: {
        'Content-Type': 'application/problem+json',
        'Cache-Control': 'no-store',
        'Retry-After': '3',
        'WWW-Authenticate':
          'Bearer realm="a \\"b\\" \\\\", error="insufficient_scope", scope="x y"',
      },
    });
    expect(calls).toContainEqual([
      'set_serialize_value',
      'authz.refusal',
      { plugin: 'tester', code: 'insufficient_scope', detail: 'More is needed.' },
    ]);
  });

  it.each<[string, Partial<Stage>]>([
    [
      'a stage that throws',
      {
        run: () => {
          throw new Error('secret-token');
        },
      },
    ],
    ['a stage that rejects', { run: () => Promise.reject(new Error('secret-token')) }],
    ['a stage that rejects with no error', { run: () => Promise.reject('secret-token') }],
    [
      'needs that throw',
      {
        needs: () => {
          throw new TypeError('secret-token');
        },
      },
    ],
  ])('refuses with internal_error on %s, and does not log its words', async (_, stage) => {
    const log = logger();
    const { calls } = await access(plugin(stage, log));
    expect(exitOf(calls)).toMatchObject({
      count: 1,
      status: 500,
      body: { code: 'internal_error' },
    });
    expect(log.error).toHaveBeenCalledOnce();
    expect(JSON.stringify(log.error.mock.calls)).not.toContain('secret-token');
  });

  it('logs the words of a malfunction of our own', async () => {
    const log = logger();
    await access(
      plugin(
        {
          run: (facts) => {
            fact(facts, 'method');
            return { outcome: 'continue' };
          },
        },
        log,
      ),
    );
    expect(JSON.stringify(log.error.mock.calls)).toContain('was not fetched');
  });

  it('refuses even where the log itself throws', async () => {
    const log = logger();
    log.error.mockImplementation(() => {
      throw new Error('EPIPE');
    });
    const failing = plugin({ run: () => Promise.reject(new Malfunction('x')) }, log);
    expect(exitOf((await access(failing)).calls).status).toBe(500);
  });

  it('refuses when the time is up, drops the late outcome and asks Kong for nothing more', async () => {
    let release = (_: Outcome): void => {};
    const late = new Promise<Outcome>((resolve) => {
      release = resolve;
    });
    const { calls } = await access(plugin({ run: () => late }, logger(), 10));
    const answered = [...calls];
    release({ outcome: 'continue', handoff: { authenticated_identity: { outcome: 'anonymous' } } });
    await new Promise(setImmediate);
    expect(exitOf(calls)).toMatchObject({
      count: 1,
      status: 500,
      body: { code: 'internal_error' },
    });
    expect(calls).toEqual(answered);
  });

  it('refuses when Kong never answers a read', async () => {
    const fake = fakeKong({}, { get_method: 'silence' });
    const needs = { ...NOTHING, attributes: ['method', 'path'] as const };
    await access(plugin({ needs: () => needs }, logger(), 10), fake);
    expect(exitOf(fake.calls).status).toBe(500);
    expect(fake.calls.map(([method]) => method)).not.toContain('get_path');
  });

  it.each(['clear_header', 'set_headers', 'set_serialize_value', 'shared.set'])(
    'refuses when Kong fails at %s, and leaves no verdict',
    async (method) => {
      const fake = fakeKong({}, { [method]: new Error('PDK method failed') });
      await access(
        plugin({
          run: () => ({
            outcome: 'continue',
            remove_headers: ['x'],
            set_headers: { X: '1' },
            log: {},
            handoff: { authenticated_identity: { outcome: 'anonymous' } },
          }),
        }),
        fake,
      );
      expect(exitOf(fake.calls)).toMatchObject({ count: 1, status: 500 });
      expect(fake.shared).toEqual({});
    },
  );

  it.each([
    ['text that is not JSON', 'nonsense'],
    ['another shape', '{"outcome":"superuser"}'],
    ['a table', { outcome: 'authenticated' }],
    ['a boolean', true],
  ])('refuses when %s stands in place of a verdict', async (_, value) => {
    const needs = { ...NOTHING, handoff: ['authenticated_identity'] as const };
    const fake = fakeKong({ shared: { authenticated_identity: value } });
    await access(plugin({ needs: () => needs }), fake);
    expect(exitOf(fake.calls)).toMatchObject({ status: 500, body: { code: 'internal_error' } });
  });

  it("refuses every request with invalid_config when the config is wrong, and says why once, in Kong's error log too", async () => {
    const log = logger();
    const tester = plugin({}, log);
    const alerts: unknown[] = [];
    for (const _ of [1, 2]) {
      const { calls } = await access(tester, fakeKong(), { wrod: 'x' });
      expect(exitOf(calls)).toMatchObject({ status: 500, body: { code: 'invalid_config' } });
      alerts.push(...calls.filter(([method]) => method === 'log.err'));
    }
    expect(log.error).toHaveBeenCalledOnce();
    expect(JSON.stringify(log.error.mock.calls)).toContain('wrod');
    expect(alerts).toEqual([['log.err', expect.stringContaining('wrod')]]);
  });

  it('refuses every request with invalid_config when the stage cannot be made from the config', async () => {
    const log = logger();
    const tester = plugin(() => {
      throw new ConfigError(['config.word: cannot be used']);
    }, log);
    const { calls } = await access(tester);
    expect(exitOf(calls)).toMatchObject({ status: 500, body: { code: 'invalid_config' } });
    expect(JSON.stringify(log.error.mock.calls)).toContain('config.word: cannot be used');
  });

  it.each([null, undefined, 7, 'text', []])(
    'is not brought down by %j as a config',
    async (config) => {
      const { kong, calls } = fakeKong();
      await new (plugin({}).Plugin)(config).access(kong);
      expect(exitOf(calls)).toMatchObject({ status: 500, body: { code: 'invalid_config' } });
    },
  );
});
