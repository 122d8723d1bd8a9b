import { type Command, Option } from 'commander';
import type { DiffFlags } from './diff/run-diff.ts';
import { nowOption } from './input/now-option.ts';

/** `policy diff`: who gains and who loses by a change? */
export function addDiff(policy: Command): void {
  policy
    .command('diff')
    .description('show which requests a change of policy decides anew')
    .argument('<old>', 'policy file')
    .argument('<new>', 'policy file')
    .option('--audit <file>', 'also ask both about the requests of an audit log')
    .addOption(
      new Option(
        '--audit-fields <claims>',
        'claims that `audit.fields` listed, separated by commas: a record without one says that the token lacked it',
      )
        .argParser((text) => text.split(',').filter((name) => name !== ''))
        .default([], 'none'),
    )
    .addOption(nowOption())
    .option('--exit-code', 'exit with 1 where anything changed')
    .option('--json', 'print JSON')
    .action(async (before: string, after: string, flags: DiffFlags) => {
      const { diff } = await import('./diff/run-diff.ts');
      await diff(before, after, flags);
    });
}
