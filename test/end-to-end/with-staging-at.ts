import { readFileSync } from 'node:fs';
import { parse, stringify } from 'yaml';
import { REPOSITORY } from '../../dev/stack/start-stack.ts';

/** The repository's kong.yml with another service behind its first one's routes. */
export function withStagingAt(url: string): string {
  const config = parse(readFileSync(`${REPOSITORY}/kong.yml`, 'utf8'));
  const [staging, ...others] = config.services;
  return stringify(
    { ...config, services: [{ ...staging, url }, ...others] },
    { aliasDuplicateObjects: false },
  );
}
