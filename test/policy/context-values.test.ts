import { describe, expect, it } from 'vitest';
import type { ContextAnswer, ContextSource } from '../../src/policy/context-values.ts';
import { loadPolicy } from '../../src/policy/load-policy.ts';
import type { Policy } from '../../src/policy/policy.ts';
import { ANONYMOUS, FACTS, setUp } from './stage-support.ts';
import { ALICE, allow, deny, policyText, VERDICT } from './support.ts';

const LIVE = { labels: new Map([['tier', 'gold']]), groups: ['on-call'] };

function source(answer: () => ContextAnswer | Promise<ContextAnswer>) {
  const asked: unknown[] = [];
  const context: ContextSource = {
    needs: ['service'],
    look(facts, identity) {
      asked.push([facts.method, identity?.subject]);
      return answer();
    },
  };
  return { context, asked };
}

describe('values of the context', () => {
  const policy = policyText([
    allow('gold', 'labels.tier == "gold" && "on-call" in identity.groups'),
    allow('public', '!identity.authenticated && labels.tier == "gold"'),
  ]);

  it.each([
    ['at once', () => LIVE],
    ['later', () => Promise.resolve(LIVE)],
  ])('are there for rules where they come %s, and the labels in the record', async (_, answer) => {
    const { context, asked } = source(answer);
    const { run, stage } = setUp({ policy }, { context });
    expect(stage.needs().attributes).toContain('service');
    expect(await run()).toMatchObject({
      outcome: 'continue',
      log: { rule: 'gold', labels: { tier: 'gold' } },
    });
    expect(asked).toEqual([['POST', ALICE.subject]]);
  });

  it('do not take the place of configured labels', async () => {
    const { context } = source(() => LIVE);
    const { run } = setUp({ policy, labels: { tier: 'free', env: 'x' } }, { context });
    expect(await run()).toMatchObject({
      outcome: 'refuse',
      log: { labels: { tier: 'free', env: 'x' } },
    });
  });

  it('give no groups to nobody, and none to the identity of later stages', async () => {
    const { context } = source(() => LIVE);
    const { run } = setUp({ policy, allow_anonymous: true }, { context });
    expect(await run(ANONYMOUS)).toMatchObject({ log: { rule: 'public' } });
    await run();
    expect(VERDICT.identity.groups).toEqual(['qa-leads']);
  });

  it('are not asked for where there is nobody to decide about', async () => {
    const { context, asked } = source(() => LIVE);
    await setUp({ policy }, { context }).run({ handoff: {} });
    expect(asked).toEqual([]);
  });

  it('are needed: without them the request is refused with 503, in shadow mode recorded', async () => {
    const unavailable = { unavailable: 'the labels cannot be read', retry_after_seconds: 7 };
    const { context } = source(async () => unavailable);
    const { run, entries } = setUp({ policy }, { context });
    expect(await run()).toMatchObject({
      refusal: { code: 'context_unavailable', retry_after_seconds: 7 },
    });
    expect(entries).toMatchObject([
      { code: 'context_unavailable', rule: null, error: 'the labels cannot be read' },
    ]);
    const watching = setUp({ policy, mode: 'shadow' }, { context });
    expect(await watching.run()).toMatchObject({ outcome: 'continue' });
  });
});

describe('a policy that is replaced while the stage runs', () => {
  const load = (...rules: Parameters<typeof policyText>[0][number][]) =>
    loadPolicy(policyText(rules), 'policy.yaml');
  const first = load(allow('first', 'true'));
  const second = load(deny('d', 'request.headers["x-region"] == "eu"'), {
    ...allow('second', 'true'),
    headers: { 'X-Access': 'read' },
  });

  function replaceable() {
    let policy: Policy = first;
    const { stage } = setUp({ policy: policyText([]) }, { policy: () => policy });
    return {
      stage,
      replace: (by: Policy) => {
        policy = by;
      },
    };
  }

  it('decides from the next request on, and what it reads is fetched', async () => {
    const { stage, replace } = replaceable();
    expect(stage.needs().headers).toEqual([]);
    expect(await stage.run(FACTS, stage.needs())).toMatchObject({ log: { rule: 'first' } });
    replace(second);
    expect(stage.needs().headers).toEqual(['x-region', 'x-access']);
    const facts = { ...FACTS, headers: { 'x-region': 'eu' } };
    expect(await stage.run(facts, stage.needs())).toMatchObject({ log: { rule: 'd' } });
  });

  it('lets a request be decided by the policy for which it was read', async () => {
    const { stage, replace } = replaceable();
    const needs = stage.needs();
    replace(second);
    const outcome = await stage.run(FACTS, needs);
    expect(outcome).toMatchObject({ log: { rule: 'first', policy_version: first.version } });
    expect(outcome).not.toHaveProperty('set_headers');
  });

  it('has its needs worked out once', () => {
    const { stage, replace } = replaceable();
    const needs = stage.needs();
    expect(stage.needs()).toBe(needs);
    replace(second);
    expect(stage.needs()).not.toBe(needs);
    replace(first);
    expect(stage.needs()).toBe(needs);
  });
});
