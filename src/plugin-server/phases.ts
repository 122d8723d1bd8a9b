/** The phases of a request in which Kong may ask a plugin server to run a plugin. */
export const PHASES: readonly string[] = [
  'certificate',
  'rewrite',
  'access',
  'response',
  'preread',
  'log',
];
