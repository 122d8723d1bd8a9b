import type { RefusalCode } from '../../../../core/refusal.ts';

/** A response, as far as it matters here. */
export interface RawAnswer {
  status: number;
  headers: Headers;
  /** The first part of it, as text. */
  body: string;
}

/** Who answered. */
export type Origin =
  /** One of our plugins. */
  | { by: 'suite'; code: RefusalCode; detail: string | undefined }
  /** Kong or another of its plugins. */
  | { by: 'kong'; message: string }
  /** Kong, which did not get through to the service: the request went past the plugins. */
  | { by: 'kong-upstream'; message: string }
  /** Google's front end before the service. */
  | { by: 'google' }
  /** Identity-Aware Proxy before the service. */
  | { by: 'iap' }
  /** The service. */
  | { by: 'service' };

export interface Answer {
  status: number;
  origin: Origin;
  /** `WWW-Authenticate`, where it is there. */
  challenge: string | undefined;
  /** Kong's version, where its headers show it. */
  kong_version: string | undefined;
}
