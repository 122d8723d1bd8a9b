import type { Command } from 'commander';
import type { ExplainFlags } from './explain/run-explain.ts';
import { nowOption } from './input/now-option.ts';

/** `policy explain`: why is a request decided as it is? */
export function addExplain(policy: Command): void {
  policy
    .command('explain')
    .description('show the whole evaluation of one request')
    .argument('<file>', 'policy file')
    .requiredOption('--request <file>', "JSON in the shape of a test's `given`")
    .addOption(nowOption())
    .option('--json', 'print JSON')
    .action(async (file: string, flags: ExplainFlags) => {
      const { explain } = await import('./explain/run-explain.ts');
      explain(file, flags);
    });
}
