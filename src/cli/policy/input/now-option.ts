import { Option } from 'commander';
import { parseInstant } from './parse-instant.ts';

/** Time is an argument, so that what a command said yesterday can be had again. */
export function nowOption(): Option {
  return new Option(
    '--now <time>',
    'RFC 3339 time to judge at; the current time if left out',
  ).argParser(parseInstant);
}
