import type { Command } from 'commander';
import { addCan } from './can.ts';
import { addDiff } from './diff.ts';
import { addExplain } from './explain.ts';
import { addLint } from './lint.ts';
import { addTest } from './test.ts';

/**
 * `policy`: what can be known of a policy without a gateway. Each command is loaded when it is asked for: the plugin
 * server starts without them.
 */
export function addPolicy(program: Command): void {
  const policy = program
    .command('policy')
    .description('check, test and explain policies, with the code that decides requests');
  addLint(policy);
  addTest(policy);
  addExplain(policy);
  addDiff(policy);
  addCan(policy);
}
