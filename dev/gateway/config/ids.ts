import { createHash } from 'node:crypto';

const ENTITIES_NAMESPACE = 'fd02801f-0957-4a15-a55a-c8d9606f30b5';
const SPLIT_ROUTES_NAMESPACE = '7f145bf9-0dce-4f91-98eb-debbce4b9f6b';

/** The workspace in which a DB-less Kong puts everything. */
export const DEFAULT_WORKSPACE = '0dc6f45b-8f8d-40d2-a504-473544ee190b';

/**
 * The id that a DB-less Kong gives to an entity without one: the same key gives the same id at every
 * start (kong/db/schema/others/declarative_config.lua).
 */
export function entityId(kind: string, key: string): string {
  return uuidV5(uuidV5(ENTITIES_NAMESPACE, kind), key);
}

/** The id of a part of a route whose paths have different lengths; it breaks ties in the router. */
export function splitRouteId(routeId: string, group: number): string {
  return uuidV5(SPLIT_ROUTES_NAMESPACE, `${routeId}#${group}`);
}

/** RFC 9562, section 5.5 */
function uuidV5(namespace: string, name: string): string {
  const hash = createHash('sha1')
    .update(Buffer.from(namespace.replaceAll('-', ''), 'hex'))
    .update(name)
    .digest()
    .subarray(0, 16);
  hash[6] = ((hash[6] ?? 0) & 0x0f) | 0x50;
  hash[8] = ((hash[8] ?? 0) & 0x3f) | 0x80;
  return hash.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
