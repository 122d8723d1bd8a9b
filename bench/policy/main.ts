/**
 * What a decision costs by the number of rules, where the last rule decides; and what loading them costs, in time and in
 * memory.
 */
import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { decide } from '../../src/policy/decide.ts';
import { loadPolicy } from '../../src/policy/load-policy.ts';
import type { Policy } from '../../src/policy/policy.ts';
import { generatePolicy, generateQuestions } from './generate-policy.ts';

const SIZES = [10, 100, 1000];
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '9' },
    decisions: { type: 'string', default: '3000' },
    json: { type: 'boolean', default: false },
  },
});
const rounds = Number(values.rounds);
const decisions = Number(values.decisions);
const questions = generateQuestions();

setFlagsFromString('--expose-gc');
const collect: () => void = runInNewContext('gc');

/** @returns microseconds of CPU of one decision */
function decisionCost(policy: Policy): number {
  const before = process.cpuUsage();
  for (let index = 0; index < decisions; index += 1) {
    const question = questions[index % questions.length];
    if (question === undefined || decide(policy, question).rule !== 'auditors-read-the-ledger') {
      throw new Error('another rule than the last decided');
    }
  }
  return microseconds(before) / decisions;
}

/** The first decision makes what helps all others. */
function loadAndUse(text: string): Policy {
  const policy = loadPolicy(text, 'policy.yaml');
  for (const question of questions.slice(0, 1)) decide(policy, question);
  return policy;
}

/** @returns milliseconds of CPU; a process loads each policy once, so nothing of another salt is remembered */
function loadCost(rules: number, salt: number): number {
  const text = generatePolicy(rules, salt);
  const before = process.cpuUsage();
  loadAndUse(text);
  return microseconds(before) / 1000;
}

function microseconds(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

/** @returns bytes of the heap that a policy keeps alive */
function memory(rules: number, salt: number): number {
  const kept: Policy[] = [];
  const copies = 3000 / rules;
  collect();
  const before = process.memoryUsage().heapUsed;
  for (let copy = 0; copy < copies; copy += 1) {
    kept.push(loadAndUse(generatePolicy(rules, salt + copy)));
  }
  collect();
  return (process.memoryUsage().heapUsed - before) / kept.length;
}

function median(samples: readonly number[]): number {
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

const policies = SIZES.map((size) => loadPolicy(generatePolicy(size), 'policy.yaml'));
const decisionCosts: number[][] = SIZES.map(() => []);
// Sizes take turns, so that a busy machine disturbs all alike. The first round warms up.
for (let round = 0; round <= rounds; round += 1) {
  for (const [index, policy] of policies.entries()) {
    const cost = decisionCost(policy);
    if (round > 0) decisionCosts[index]?.push(cost);
  }
}
const results = SIZES.map((rules, index) => {
  const decision_us = median(decisionCosts[index] ?? []);
  const loads = Array.from({ length: 5 }, (_, copy) => loadCost(rules, 1 + copy));
  return {
    rules,
    decision_us,
    load_ms: median(loads),
    memory_mb: memory(rules, 100) / 1e6,
  };
});

if (values.json) {
  console.log(JSON.stringify(results));
} else {
  console.log('rules  decision, µs CPU  load, ms CPU  memory, MB');
  for (const { rules, decision_us, load_ms, memory_mb } of results) {
    console.log(
      rules.toString().padEnd(6),
      decision_us.toFixed(1).padStart(16),
      load_ms.toFixed(1).padStart(13),
      memory_mb.toFixed(2).padStart(11),
    );
  }
}
