const CAEP = 'https://schemas.openid.net/secevent/caep/event-type';
const RISC = 'https://schemas.openid.net/secevent/risc/event-type';
const OAUTH = 'https://schemas.openid.net/secevent/oauth/event-type';
const SSF = 'https://schemas.openid.net/secevent/ssf/event-type';

/**
 * Events after which the tokens issued before no longer say what is true (CAEP 1.0 §3, RISC 1.0 §2). A changed
 * credential counts whatever the change: who resets a password to lock a thief out expects the thief's token to end.
 */
export const REVOKING_EVENTS: ReadonlySet<string> = new Set([
  `${CAEP}/session-revoked`,
  `${CAEP}/credential-change`,
  `${CAEP}/token-claims-change`,
  `${RISC}/account-disabled`,
  `${RISC}/account-purged`,
  `${RISC}/credential-compromise`,
  `${RISC}/sessions-revoked`,
  `${OAUTH}/tokens-revoked`,
]);

/** Events about the stream itself (SSF 1.0 §8.1.4, §8.1.5): to be accepted, and nothing else. */
export const STREAM_EVENTS: ReadonlySet<string> = new Set([
  `${SSF}/verification`,
  `${SSF}/stream-updated`,
]);
