import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createClock, installClock } from '../../dev/clock/clock.ts';
import type { Stack } from '../../dev/stack/start-stack.ts';
import { tellStep } from '../../dev/story/run-story.ts';
import { STEPS } from '../../dev/story/steps.ts';
import { describeOnHosts } from './gateways.ts';

describeOnHosts("the demo's story", ({ kongBin, pluginServer }) => {
  let stack: Stack;
  let restoreDate: () => void;
  let directory: string;

  beforeAll(async () => {
    directory = mkdtempSync(path.join(tmpdir(), 'story-'));
    const clock = createClock(path.join(directory, 'clock'));
    restoreDate = installClock(clock.file);
    const { startStack } = await import('../../dev/stack/start-stack.ts');
    stack = await startStack({ clock, kongBin, pluginServer });
  });
  afterAll(async () => {
    await stack?.stop();
    restoreDate();
    rmSync(directory, { recursive: true });
  });

  it.each(STEPS.map((step) => [step.title, step] as const))('%s', async (_, step) => {
    const outcome = await tellStep(
      {
        gatewayUrl: stack.gateway.url,
        stagingUrl: stack.staging.url,
        issuer: stack.identityProvider.issuer,
        clock: stack.clock,
        log: async () => stack.pluginServer.lines(),
      },
      step,
    );
    expect(outcome.differences).toEqual([]);
  });
});
