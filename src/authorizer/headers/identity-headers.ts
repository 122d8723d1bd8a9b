/** Tells the upstream whose subject it is, on routes with several issuers. */
export const ISSUER_HEADER = 'X-Authenticated-Issuer';

/**
 * Headers by which upstreams know who is asking, in lower case: those that this plugin sets unless told otherwise, as on
 * another route to the same upstream; those that Kong's authentication plugins set; and the one
 * that Cloud Run prefers to Authorization wherever the token in it is from, and the one that Identity-Aware Proxy prefers
 * (cloud-run-token sets one of them, or Authorization).
 */
export const IDENTITY_HEADERS: readonly string[] = [
  'x-serverless-authorization',
  'proxy-authorization',
  // By which Identity-Aware Proxy, API Gateway and Cloud Endpoints tell services who is asking.
  'x-goog-authenticated-user-email',
  'x-goog-authenticated-user-id',
  'x-goog-iap-jwt-assertion',
  'x-apigateway-api-userinfo',
  'x-endpoint-api-userinfo',
  'x-forwarded-authorization',
  'x-authenticated-subject',
  'x-authenticated-email',
  ISSUER_HEADER.toLowerCase(),
  'x-consumer-id',
  'x-consumer-custom-id',
  'x-consumer-username',
  'x-consumer-groups',
  'x-authenticated-groups',
  'x-authenticated-userid',
  'x-authenticated-scope',
  'x-credential-identifier',
  'x-credential-username',
  'x-anonymous-consumer',
];
