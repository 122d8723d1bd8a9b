import type { ConfigValue } from './field.ts';

/** Whether a value is written as `{vault://…}`. */
export function isReference(value: ConfigValue | undefined): value is string {
  return typeof value === 'string' && value.startsWith('{vault://') && value.endsWith('}');
}

/** A lookup of `{vault://…}` references: the secret, or undefined where there is none. */
export type ResolveReference = (reference: string) => string | undefined;

/**
 * References of the `env` vault, as Kong's vault of that name: `{vault://env/some-name}` is the
 * variable `SOME_NAME`, `{vault://env/some-name/key}` the member `key` of the JSON in it, `?prefix=p_`
 * goes before the name.
 */
export function resolveFromEnvironment(
  environment: Record<string, string | undefined>,
): ResolveReference {
  return (reference) => {
    if (!URL.canParse(reference.slice(1, -1))) return undefined;
    const url = new URL(reference.slice(1, -1));
    if (url.host !== 'env') return undefined;
    const parts = url.pathname.split('/').filter((part) => part !== '');
    const key = parts.length > 1 ? parts.pop() : undefined;
    const name = `${url.searchParams.get('prefix') ?? ''}${decodeURIComponent(parts.join('/'))}`;
    const value = environment[name.replaceAll('-', '_').toUpperCase()];
    return key === undefined || value === undefined
      ? value
      : member(value, decodeURIComponent(key));
  };
}

function member(json: string, key: string): string | undefined {
  try {
    const parsed: unknown = JSON.parse(json);
    if (typeof parsed !== 'object' || parsed === null) return undefined;
    const value = new Map<string, unknown>(Object.entries(parsed)).get(key);
    return typeof value === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
}
