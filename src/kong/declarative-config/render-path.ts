/** Keys and indexes from the top of a file to a value in it. */
export type Path = readonly (string | number)[];

/** `services[0].routes[1]`. */
export function renderPath(path: Path): string {
  return path
    .map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`))
    .join('')
    .replace(/^\./, '');
}
