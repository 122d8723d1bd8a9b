const MOST_CHARACTERS = 256;

export function isSharedKey(key: unknown): key is string {
  return typeof key === 'string' && key.length <= MOST_CHARACTERS;
}
