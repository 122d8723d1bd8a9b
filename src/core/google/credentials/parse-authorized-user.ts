import { z } from 'zod';
import type { JsonObject } from '../../json.ts';
import { text, url } from './members.ts';
import { readMembers } from './read-members.ts';

const schema = z.object({
  client_id: text,
  client_secret: text,
  refresh_token: text,
  /** Not in files that `gcloud` writes, but Google's libraries for Python read it. */
  token_uri: url.default('https://oauth2.googleapis.com/token'),
});

/** A developer's own account, as `gcloud auth application-default login` leaves it. */
export type AuthorizedUser = z.output<typeof schema>;

/** @throws ConfigError with each thing wrong and where, never with a value */
export function parseAuthorizedUser(json: JsonObject, where: string): AuthorizedUser {
  return readMembers(schema, json, where);
}
