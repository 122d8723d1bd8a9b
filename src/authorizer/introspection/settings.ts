/** How one issuer's opaque tokens are introspected (RFC 7662). Not changed once an introspector has seen it. */
export interface IntrospectionSettings {
  /** https, or http on loopback. */
  readonly endpoint: string;
  readonly client_id: string;
  readonly client_auth_method: 'client_secret_basic' | 'client_secret_post' | 'private_key_jwt';
  readonly client_secret?: string | undefined;
  /** For `private_key_jwt`: a private key as PEM or JWK. */
  readonly client_key?: string | undefined;
  /** `kid` of the assertion; left out, the one that the JWK names. */
  readonly client_key_id?: string | undefined;
  /** `aud` of the assertion; left out, the endpoint. Some servers want their issuer, or their token endpoint. */
  readonly client_assertion_audience?: string | undefined;
  /** How long an answer is used. 0: each request asks anew. */
  readonly cache_seconds: number;
}
