import type { Command } from 'commander';
import { nowOption } from './input/now-option.ts';
import type { LintFlags } from './lint/run-lint.ts';

/** `policy lint`: does it load, and does it say what it means? */
export function addLint(policy: Command): void {
  policy
    .command('lint')
    .description('load policies and say what is wrong or suspicious')
    .argument('<files...>', 'policy files')
    .addOption(nowOption())
    .option('--strict', 'exit with 1 for warnings too')
    .option('--json', 'print JSON')
    .action(async (files: string[], flags: LintFlags) => {
      const { lint } = await import('./lint/run-lint.ts');
      lint(files, flags);
    });
}
