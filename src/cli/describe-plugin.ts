import { fork } from 'node:child_process';
import type { Command } from 'commander';
import { Malfunction } from '../core/malfunction.ts';
import { protoBufDocument } from '../plugin-server/plugin-info.ts';
import { pluginsOption } from './plugins-option.ts';
import { REPORT_PLUGINS, type Report } from './report-plugins.ts';

/** Kong does not start before it has the answer. */
const WITHIN_MS = 60_000;

/** `describe-plugin`: tells Kong of one plugin, as its `query_cmd`. */
export function addDescribePlugin(program: Command): void {
  program
    .command('describe-plugin')
    .description("print what Kong's query_cmd must print for a plugin, and nothing else")
    .argument('<name>', "the plugin's name")
    .addOption(pluginsOption())
    .option(
      '--no-log-phase',
      'spare Kong the call after each response, by which cloud-run-token hears of ID tokens that were not taken',
    )
    .action(describePlugin);
}

interface DescribeFlags {
  plugins: string;
  logPhase: boolean;
}

async function describePlugin(name: string, { plugins, logPhase }: DescribeFlags): Promise<void> {
  const report = await askForPlugins(plugins);
  if ('problem' in report) throw new Malfunction(report.problem);
  const plugin = report.plugins.find((candidate) => candidate.name === name);
  if (plugin === undefined) {
    const known = report.plugins.map((candidate) => candidate.name).join(', ');
    throw new Malfunction(`there is no plugin "${name}" in ${plugins}; there are: ${known}`);
  }
  // Only this phase: a plugin that Kong does not run before the request goes on refuses nothing.
  const phases = logPhase ? plugin.phases : plugin.phases.filter((phase) => phase !== 'log');
  process.stdout.write(`${JSON.stringify(protoBufDocument({ ...plugin, phases }))}\n`);
}

/**
 * Plugins load in a process whose standard output is this one's standard error. Kong reads standard output as JSON, and
 * a logger that writes to file descriptor 1 would get past any guard within the process.
 */
function askForPlugins(directory: string): Promise<Report> {
  return new Promise((resolve, reject) => {
    const child = fork(process.argv[1] ?? '', [REPORT_PLUGINS, directory], {
      stdio: ['ignore', 2, 2, 'ipc'],
      timeout: WITHIN_MS,
      killSignal: 'SIGKILL',
    });
    child.once('message', (report: Report) => {
      resolve(report);
      // What the plugins have started would keep it alive.
      child.kill('SIGKILL');
    });
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      const how = signal ?? `exit code ${code}`;
      reject(new Malfunction(`${directory}: a plugin ended the process while loading (${how})`));
    });
  });
}
