import path from 'node:path';
import { Option } from 'commander';

/** The folder that the build puts beside this program. */
export function pluginsOption(): Option {
  const beside = path.join(import.meta.dirname, 'plugins');
  return new Option('--plugins <directory>', 'the folder of the plugins to load').default(
    beside,
    'the folder `plugins` beside this program',
  );
}
