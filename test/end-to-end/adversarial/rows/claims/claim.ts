import type { RouteName } from '../../routes.ts';
import { type Expected, type Row, tokenRow } from '../../row.ts';
import type { Scene } from '../../scene.ts';

export type Changes = Record<string, unknown>;

/** A token that its issuer has signed, with other claims; undefined leaves one out. */
export function claim(
  name: string,
  changes: Changes | ((scene: Scene) => Changes),
  expected: Expected,
  route: RouteName = 'plain',
): Row {
  const claims = (scene: Scene) => (typeof changes === 'function' ? changes(scene) : changes);
  return tokenRow(name, (scene) => scene.token({ claims: claims(scene) }), expected, { route });
}
