/** `findCredentials` names the file at the end of the origin. */
export function fileOfOrigin(origin: string): string | undefined {
  return /\(file (.+)\)$/.exec(origin)?.[1];
}
