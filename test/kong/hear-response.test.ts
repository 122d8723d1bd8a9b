import { describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import type { Afterwards, Stage } from '../../src/core/stage.ts';
import { definePlugin } from '../../src/kong/define-plugin.ts';
import { type FakeRequest, fakeKong, fakePipelinedKong, PLUGIN_ID } from './fake-kong.ts';

const REFUSED: FakeRequest = {
  response: { status: 401, source: 'service', headers: { 'www-authenticate': 'Bearer' } },
  service: { name: 'tasks', host: 'tasks.example', protocol: 'https' },
};

function setUp(hear: Afterwards['hear'] = vi.fn()) {
  const logger = { info: vi.fn(), warn: vi.fn(), error: vi.fn() };
  const stage: Stage = {
    needs: () => ({ attributes: [], headers: [], handoff: [] }),
    run: () => ({ outcome: 'continue' }),
    afterwards: {
      needs: { attributes: ['service'], headers: [], handoff: ['policy_decision'] },
      response_headers: ['www-authenticate', 'x-absent'],
      concerns: ({ status }) => status === 401,
      hear,
    },
  };
  const { Plugin } = definePlugin({
    name: 'tester',
    priority: 10,
    fields: z.strictObject({}),
    createStage: () => stage,
    worksBesideRequests: true,
    timeoutMs: () => 5_000,
    logger,
  });
  const plugin = new Plugin({ __plugin_id: PLUGIN_ID });
  return { hear, logger, log: async ({ kong }: ReturnType<typeof fakeKong>) => plugin.log?.(kong) };
}

describe.each([
  ['the stock plugin server', fakeKong],
  ['our own', fakePipelinedKong],
])('after a response, over %s,', (_, create) => {
  it('a stage hears of one that concerns it, with what it needs', async () => {
    const { hear, log } = setUp();
    await log(create(REFUSED));
    expect(hear).toHaveBeenCalledExactlyOnceWith(
      {
        status: 401,
        headers: { 'www-authenticate': 'Bearer', 'x-absent': '' },
      },
      expect.objectContaining({
        service: { name: 'tasks', host: 'tasks.example', protocol: 'https' },
      }),
    );
  });

  it('nothing but the status is fetched of any other', async () => {
    const { hear, log } = setUp();
    const fake = create({ response: { status: 200, source: 'service' } });
    await log(fake);
    expect(hear).not.toHaveBeenCalled();
    expect(fake.calls).toEqual([['response.get_status']]);
  });

  it.each(['exit', 'error'])('nothing more is fetched of an answer by %s', async (source) => {
    const { hear, log } = setUp();
    const fake = create({ response: { status: 401, source } });
    await log(fake);
    expect(hear).not.toHaveBeenCalled();
    expect(fake.calls.map(([method]) => method)).not.toContain('response.get_header');
  });

  it('what throws is logged without its message, and never thrown at Kong', async () => {
    const throws = setUp(() => {
      throw new TypeError('eyJ.secret');
    });
    await throws.log(create(REFUSED));
    expect(throws.logger.error).toHaveBeenCalledOnce();
    expect(JSON.stringify(throws.logger.error.mock.calls)).not.toContain('secret');
    const { log, logger } = setUp();
    await log(create(REFUSED, { 'response.get_status': new Error('gone') }));
    expect(logger.error).toHaveBeenCalledOnce();
  });
});

describe('over the stock plugin server', () => {
  it('an instance that Kong does not mean hears of nothing', async () => {
    const { hear, log } = setUp();
    await log(fakeKong({ ...REFUSED, pluginId: 'another' }));
    expect(hear).not.toHaveBeenCalled();
  });
});

describe('a plugin that does not run afterwards', () => {
  it('has no phase for it', () => {
    const { Plugin } = definePlugin({
      name: 'tester',
      priority: 10,
      fields: z.strictObject({}),
      createStage: () => ({
        needs: () => ({ attributes: [], headers: [], handoff: [] }),
        run: () => ({ outcome: 'continue' }),
      }),
      timeoutMs: () => 5_000,
      logger: { info: vi.fn(), warn: vi.fn(), error: vi.fn() },
    });
    expect('log' in Plugin.prototype).toBe(false);
  });
});
