import type { RefusalCode } from '../../../../core/refusal.ts';

/** What to do about each refusal, where the gateway's own state is the reason; docs/errors.md says more. */
const FIXES: Partial<Record<RefusalCode, string>> = {
  invalid_config:
    "the plugin server's log names the field; `cloud-run-auth doctor kong.yml` does too",
  keys_unavailable:
    'curl -sS ISSUER/.well-known/openid-configuration   # from the gateway: network, NO_PROXY, certificates',
  introspection_unavailable:
    'curl -sS -X POST INTROSPECTION_ENDPOINT   # from the gateway; then client_id and client_secret',
  shared_state_unavailable:
    'redis-cli -h HOST -p PORT ping   # from the gateway: `redis` of oidc-authorizer',
  context_unavailable:
    'docs/operations.md, Live context: roles and APIs that `context` of policy-evaluator needs',
  id_token_unavailable:
    'gcloud iam service-accounts describe GATEWAY   # then the credentials: GOOGLE_APPLICATION_CREDENTIALS, or the metadata server',
  verdict_missing:
    'oidc-authorizer and policy-evaluator on this route, before cloud-run-token: the check `chain`',
  policy_error:
    "the plugin server's log names the rule; cloud-run-auth policy explain POLICY --request R.json",
  internal_error: "the plugin server's log",
  invalid_token:
    'a token of one of the `issuers`, with one of its `audiences`; docs/errors.md lists the descriptions',
  insufficient_scope: 'a token with the `required_scopes`',
  claim_mismatch: 'a token with the `required_claims`',
  policy_denied: 'cloud-run-auth policy explain POLICY --request R.json   # says which rule',
  insufficient_user_authentication:
    'a newer or stronger login (`required_acr`, `max_authentication_age_seconds`)',
  invalid_dpop_proof: 'the token is bound to a key: send it with its proof',
  use_dpop_nonce: 'the token is bound to a key: send it with its proof',
};

export function fixOfRefusal(code: RefusalCode): string {
  return FIXES[code] ?? 'docs/errors.md';
}
