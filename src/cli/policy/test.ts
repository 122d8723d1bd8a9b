import { type Command, Option } from 'commander';
import { parseWholeNumber } from '../parse-whole-number.ts';
import type { TestFlags } from './test/run-test.ts';

/** `policy test`: do the tests in the file pass, and would they notice a change? */
export function addTest(policy: Command): void {
  policy
    .command('test')
    .description('run the tests that policies hold, and say what they leave untested')
    .argument('<files...>', 'policy files')
    .addOption(
      new Option(
        '--min-coverage <percent>',
        'exit with 1 where fewer rules decide a test',
      ).argParser(parseWholeNumber(0, 100)),
    )
    .addOption(
      new Option('--mutations <mode>', 'change the policy in small ways: do the tests notice?')
        .choices(['off', 'report', 'require'])
        .default('report'),
    )
    .option('--json', 'print JSON')
    .action(async (files: string[], flags: TestFlags) => {
      const { test } = await import('./test/run-test.ts');
      test(files, flags);
    });
}
