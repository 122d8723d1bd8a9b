import { Command } from 'commander';
import { VERSION } from '../core/version.ts';
import { addDescribePlugin } from './describe-plugin.ts';
import { addDoctor } from './doctor/doctor.ts';
import { addPolicy } from './policy/add-policy.ts';
import { addReportPlugins } from './report-plugins.ts';
import { addServe } from './serve.ts';
import { addWork } from './work.ts';

/** The command line. What is wrong with it is thrown as a CommanderError, once it has been written to standard error. */
export function createProgram(): Command {
  const program = new Command('cloud-run-auth')
    .description(
      'Kong plugins in front of private Cloud Run services, and the server that runs them',
    )
    .version(VERSION)
    .exitOverride();
  addServe(program);
  addDescribePlugin(program);
  addPolicy(program);
  addDoctor(program);
  addWork(program);
  addReportPlugins(program);
  return program;
}
