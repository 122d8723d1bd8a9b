/**
 * Headers by which upstreams know who is asking, in lower case: those that Kong's authentication plugins set, and the one
 * that Cloud Run prefers to Authorization wherever the token in it is from (cloud-run-token sets that, or Authorization).
 */
export const IDENTITY_HEADERS: readonly string[] = [
  'x-serverless-authorization',
  'x-consumer-id',
  'x-consumer-custom-id',
  'x-consumer-username',
  'x-consumer-groups',
  'x-authenticated-groups',
  'x-credential-identifier',
  'x-anonymous-consumer',
];
