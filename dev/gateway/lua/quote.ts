/** `%q` of LuaJIT's string.format. */
export function luaQuote(bytes: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to escape
  const escaped = bytes.replace(/["\\\n]|([\x00-\x1f\x7f])(\d?)/g, (match, control, digit) => {
    if (control === undefined) return `\\${match}`;
    const code = String(match.charCodeAt(0));
    return digit === '' ? `\\${code}` : `\\${code.padStart(3, '0')}${digit}`;
  });
  return `"${escaped}"`;
}
