import type { Command } from 'commander';
import type { CanFlags } from './can/run-can.ts';
import { nowOption } from './input/now-option.ts';

/** `policy can`: what may this identity do, and where? */
export function addCan(policy: Command): void {
  policy
    .command('can')
    .description('show what an identity may do on the routes of a kong.yml')
    .argument('<file>', 'policy file')
    .requiredOption('--identity <file>', 'JSON: the claims of a token, or null for nobody')
    .option('--kong <file>', 'the declarative configuration of Kong', 'kong.yml')
    .addOption(nowOption())
    .option('--json', 'print JSON')
    .action(async (file: string, flags: CanFlags) => {
      const { can } = await import('./can/run-can.ts');
      can(file, flags);
    });
}
