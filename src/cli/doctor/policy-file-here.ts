import { existsSync } from 'node:fs';
import path from 'node:path';

/**
 * Where to look for a policy. Kong's plugin server looks a relative path up where it was started, so here it is taken
 * from the working directory; a file that is not there, and may be on the gateway, is looked for beside the kong.yml.
 *
 * @param named the `policy_file` of a config, or another file that it names
 */
export function policyFileHere(named: string, kongYml: string): string {
  return existsSync(named) ? named : path.join(path.dirname(kongYml), path.basename(named));
}
