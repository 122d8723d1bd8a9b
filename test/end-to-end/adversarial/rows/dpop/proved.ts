import { boundToken, type ProofChanges, presenting, proof } from '../../proofs.ts';
import type { RouteName } from '../../routes.ts';
import type { Expected, Row } from '../../row.ts';
import type { Scene } from '../../scene.ts';
import type { Header, RawRequest } from '../../send-raw.ts';

type Changes = ProofChanges | ((scene: Scene) => ProofChanges);

function changesIn(scene: Scene, changes: Changes): ProofChanges {
  return typeof changes === 'function' ? changes(scene) : changes;
}

export interface Sent extends Partial<Omit<RawRequest, 'headers'>> {
  route?: RouteName;
  /** Besides the token and its proof. */
  more?: readonly Header[];
}

/** A bound token with a proof that is changed. */
export function proved(
  name: string,
  changes: Changes,
  expected: Expected,
  { route = 'plain', more = [], ...sent }: Sent = {},
): Row {
  return {
    name,
    route,
    request(scene) {
      const token = boundToken(scene);
      const text = proof(scene, token, `/${route}`, changesIn(scene, changes));
      return { ...sent, headers: [...presenting(token, text).headers, ...more] };
    },
    expected,
  };
}

/** A bound token, and a proof that is edited as text. */
export function editedProof(
  name: string,
  edit: (proof: string) => string,
  expected: Expected,
): Row {
  return {
    name,
    request(scene) {
      const token = boundToken(scene);
      return presenting(token, edit(proof(scene, token, '/plain')));
    },
    expected,
  };
}
