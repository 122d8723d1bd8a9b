import { createIntrospector } from '../../../src/authorizer/introspection/create-introspector.ts';
import type { IntrospectionSettings } from '../../../src/authorizer/introspection/settings.ts';
import type { Logger } from '../../../src/core/logger.ts';

const NOW_MS = Date.UTC(2026, 10, 20, 12, 0, 0);
export const NOW = NOW_MS / 1000;
export const ENDPOINT = 'https://idp.example/introspect';
const TIMEOUT_MS = 3000;

export const ACTIVE = { active: true, sub: 'alice', aud: 'https://tasks.example.com' };

export function settingsOf(changes: Partial<IntrospectionSettings> = {}): IntrospectionSettings {
  return {
    endpoint: ENDPOINT,
    client_id: 'gateway',
    client_auth_method: 'client_secret_basic',
    client_secret: 'the-secret',
    cache_seconds: 30,
    ...changes,
  };
}

export interface SentRequest {
  url: string;
  init: RequestInit;
  headers: Headers;
  form: URLSearchParams;
  signal: AbortSignal;
}

export type Answer = (request: SentRequest) => Response | Promise<Response>;

/** One answer, as text or as what JSON says. */
export function answer(body: unknown, status = 200, headers: Record<string, string> = {}): Answer {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return () => new Response(text, { status, headers });
}

export function failing(code: string): Answer {
  return () => {
    throw new TypeError('fetch failed', { cause: Object.assign(new Error('secret'), { code }) });
  };
}

/** Never answers, and heeds its signal as the real fetch does. */
export const hanging: Answer = ({ signal }) =>
  new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason));
  });

/** Never answers, and does not care. */
export const deaf: Answer = () => new Promise(() => {});

/** Answers that the test releases, the oldest first. */
export function held(then: Answer) {
  const gates: (() => void)[] = [];
  const wait: Answer = async (request) => {
    await new Promise<void>((resolve) => {
      gates.push(resolve);
    });
    return then(request);
  };
  return { answer: wait, release: () => gates.shift()?.() };
}

export function createHarness(first: Answer = answer(ACTIVE)) {
  let now_ms = NOW_MS;
  let ids = 0;
  const state = { answer: first };
  const requests: SentRequest[] = [];
  const lines: { level: string; fields: Record<string, unknown>; message: string }[] = [];
  const at = (level: string) => (fields: Record<string, unknown>, message: string) => {
    lines.push({ level, fields, message });
  };
  const logger: Logger = { info: at('info'), warn: at('warn'), error: at('error') };
  const fetch: typeof globalThis.fetch = async (input, init = {}) => {
    if (!init.signal) throw new Error('a request without a signal');
    const request: SentRequest = {
      url: String(input),
      init,
      headers: new Headers(init.headers),
      form: new URLSearchParams(String(init.body)),
      signal: init.signal,
    };
    requests.push(request);
    return state.answer(request);
  };
  const clock = () => now_ms;
  const introspector = createIntrospector({
    clock,
    fetch,
    logger,
    randomId: () => `id-${++ids}`,
  });
  const settings = settingsOf();
  return {
    introspector,
    requests,
    lines,
    clock,
    answers: (next: Answer) => {
      state.answer = next;
    },
    advance: (seconds: number) => {
      now_ms += seconds * 1000;
    },
    introspect: (
      token = 'token',
      changed: IntrospectionSettings = settings,
      timeout_ms = TIMEOUT_MS,
    ) => introspector.introspect(token, changed, timeout_ms),
    peek: (token = 'token', changed: IntrospectionSettings = settings) =>
      introspector.peek(token, changed),
    reasons: () => lines.map(({ fields, message }) => fields.reason ?? message),
  };
}

export function unavailable(retry_after_seconds = 1) {
  return { outcome: 'unavailable', retry_after_seconds };
}
