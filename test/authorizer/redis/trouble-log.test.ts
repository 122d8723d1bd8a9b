import { describe, expect, it } from 'vitest';
import { createTroubleLog } from '../../../src/authorizer/redis/trouble-log.ts';
import { createTestLogger } from './support/test-logger.ts';

function createHarness() {
  const logger = createTestLogger();
  let now_ms = 0;
  const trouble = createTroubleLog({
    logger,
    fields: { redis: 'redis:6379' },
    messages: { begins: 'it begins', ends: 'it has ended' },
    stopwatch: () => now_ms,
  });
  return {
    logger,
    trouble,
    pass: (time_ms: number) => {
      now_ms += time_ms;
    },
  };
}

describe('the log of trouble with Redis', () => {
  it('says nothing where there is none', () => {
    const { logger, trouble } = createHarness();
    trouble.succeeded();
    expect(logger.lines).toEqual([]);
  });

  it('says once that it begins and once that it has ended', () => {
    const { logger, trouble, pass } = createHarness();
    trouble.failed('first reason');
    trouble.failed('second reason');
    pass(5000);
    trouble.succeeded();
    trouble.succeeded();
    const fields = { redis: 'redis:6379' };
    expect(logger.lines).toEqual([
      { level: 'error', fields: { ...fields, reason: 'first reason' }, message: 'it begins' },
      { level: 'info', fields, message: 'it has ended' },
    ]);
  });

  it('takes trouble that comes and goes for one', () => {
    const { logger, trouble, pass } = createHarness();
    for (let turn = 0; turn < 100; turn += 1) {
      trouble.failed('reason');
      pass(1000);
      trouble.succeeded();
    }
    expect(logger.lines).toHaveLength(1);
    pass(4000);
    trouble.succeeded();
    trouble.failed('reason');
    expect(logger.lines).toHaveLength(3);
  });

  it('does not throw where the log does', () => {
    const { logger, trouble } = createHarness();
    logger.error = () => {
      throw new Error('the disk is full');
    };
    expect(() => trouble.failed('reason')).not.toThrow();
  });
});
