const RESERVED = new Set("!*'();:@&=+$,/?%#[]");

/**
 * The path that Kong routes on and gives to plugins: escapes of characters that are not reserved are
 * decoded, those of reserved ones put in upper case, dot segments removed (RFC 3986, section 5.2.4),
 * runs of slashes merged. Takes and gives byte strings.
 */
export function normalizePath(path: string): string {
  if (path === '' || path === '/') return path;
  const decoded = path.replace(/%([0-9A-Fa-f]{2})/g, (triplet, hex: string) => {
    const character = String.fromCharCode(Number.parseInt(hex, 16));
    return RESERVED.has(character) ? triplet.toUpperCase() : character;
  });
  return decoded.includes('.') || decoded.includes('//') ? removeDotSegments(decoded) : decoded;
}

/** RFC 3986, section 5.2.4, with runs of slashes merged. */
export function removeDotSegments(path: string): string {
  const output: string[] = [];
  let rest = path;
  while (rest.length > 0) {
    if (rest === '/.') rest = '/';
    else if (rest === '/..') {
      rest = '/';
      output.pop();
    } else if (rest === '.' || rest === '..') rest = '';
    else if (rest.startsWith('../')) rest = rest.slice(3);
    else if (rest.startsWith('./')) rest = rest.slice(2);
    else if (rest.startsWith('/./')) rest = rest.slice(2);
    else if (rest.startsWith('/../')) {
      rest = rest.slice(3);
      output.pop();
    } else if (rest.startsWith('//')) rest = rest.slice(1);
    else {
      const next = rest.indexOf('/', 1);
      output.push(next === -1 ? rest : rest.slice(0, next));
      rest = next === -1 ? '' : rest.slice(next);
    }
  }
  return output.join('');
}

const UNSAFE = /[^!#$&'()*+,/:;=?@[\]A-Za-z\d\-_.~%]/g;

/** A normalised path as it goes to the upstream: what may not stand in a URL is escaped again. */
export function escapePath(path: string): string {
  return path.replace(
    UNSAFE,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  );
}
