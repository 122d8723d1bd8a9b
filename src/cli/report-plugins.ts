import type { Command } from 'commander';
import { type LoadedPlugin, loadPlugins } from '../plugin-server/load-plugins.ts';

/** What is left of plugins on the way to another process. */
export type Report = { plugins: Omit<LoadedPlugin, 'Plugin'>[] } | { problem: string };

export const REPORT_PLUGINS = 'report-plugins';

/** `report-plugins`, which `describe-plugin` starts: loads plugins and tells the process that started it about them. */
export function addReportPlugins(program: Command): void {
  program
    .command(REPORT_PLUGINS, { hidden: true })
    .argument('<directory>')
    .action(async (directory: string) => {
      process.send?.(await report(directory));
    });
}

async function report(directory: string): Promise<Report> {
  try {
    const plugins = await loadPlugins(directory);
    return { plugins: [...plugins.values()].map(({ Plugin: _, ...plugin }) => plugin) };
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}
