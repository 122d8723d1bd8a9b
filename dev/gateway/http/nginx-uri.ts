/**
 * Whether nginx takes a request target: it must be a path whose escapes are sound, without a zero
 * byte, and which does not climb above the root. Decodes as `ngx_http_parse_complex_uri` does, so
 * `%2e%2e%2f` climbs too.
 */
export function isAcceptableUri(uri: string): boolean {
  if (!uri.startsWith('/')) return false;
  const [path = ''] = uri.split(/[?#]/, 1);
  let isSound = true;
  const decoded = path.replace(/%(.{0,2})/gs, (_, hex: string) => {
    if (!/^[0-9A-Fa-f]{2}$/.test(hex) || hex === '00') isSound = false;
    return String.fromCharCode(Number.parseInt(hex, 16) || 0);
  });
  if (!isSound || decoded.includes('\0')) return false;
  let depth = 0;
  for (const segment of decoded.split('/').filter((each) => each !== '' && each !== '.')) {
    depth += segment === '..' ? -1 : 1;
    if (depth < 0) return false;
  }
  return true;
}
