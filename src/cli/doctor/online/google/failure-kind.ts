const OF_ACCESS_TOKENS = 'no access token can be had: ';

/** The reason of a failure itself, whatever it kept from happening. */
export function plainReason(reason: string): string {
  return reason.startsWith(OF_ACCESS_TOKENS) ? reason.slice(OF_ACCESS_TOKENS.length) : reason;
}

/** Whether the network is the reason, or a server that fails: neither who asked, nor what for. */
export function isOutage(reason: string): boolean {
  return /^(?:[A-Z][A-Z0-9_]{2,60}|HTTP 5\d\d|no (?:complete )?answer .*)$/.test(reason);
}

/** Whether IAM denied it, as `iam-credentials.ts` words it. */
export function isDenied(reason: string): boolean {
  return reason.startsWith('permission denied');
}
