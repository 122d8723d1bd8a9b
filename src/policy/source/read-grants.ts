import { ConfigError } from '../../core/config-error.ts';
import { isJsonObject, type JsonValue, ownMember } from '../../core/json.ts';
import { parseIJson } from '../../core/parse-i-json.ts';
import { type ParsedYaml, parseYaml, start } from '../document/parse-yaml.ts';
import { createSource, type Problem, renderProblems, type Source } from '../document/source.ts';
import { LIMITS } from '../limits.ts';
import type { VerificationKey } from './parse-verification-key.ts';
import { type JwsVerdict, verifyJws } from './verify-jws.ts';

/** One entry of a grants file, vouched for where that is asked for, and not yet checked otherwise. */
export interface GrantEntry {
  /** Its place in the list. */
  readonly index: number;
  readonly offset: number;
  readonly grant: JsonValue;
  /** The text that the grant stands in: the file's, or that of its JWS. */
  readonly yaml: ParsedYaml;
  /** The way to the grant in that text. */
  readonly path: readonly PropertyKey[];
  /** Whether positions in that text are positions in the file. */
  readonly isInFile: boolean;
}

export interface GrantsFile {
  readonly source: Source;
  readonly entries: readonly GrantEntry[];
  /** Of the entries that do not count. */
  readonly problems: readonly Problem[];
}

export interface GrantVerifier {
  readonly keys: readonly VerificationKey[];
  /** Those that the last reading verified, by their text. */
  known: ReadonlyMap<string, JwsVerdict>;
}

/** A grant has some hundred bytes. */
const MAX_JWS_CHARACTERS = 16_384;

/**
 * Reads a list of grants. An entry that is not vouched for becomes a problem, and the others count.
 *
 * @param verifier null where entries are grants as they stand
 * @throws ConfigError with positions where it is no list of grants at all
 */
export async function readGrants(
  text: string,
  fileName: string,
  verifier: GrantVerifier | null,
): Promise<GrantsFile> {
  const source = createSource(fileName, text);
  // A file that is being written starts empty, so no grants must be said.
  if (text.trim() === '')
    throw faulty(source, 'the file is empty; [] says that there are no grants');
  const yaml = parseYaml(source);
  if ('problems' in yaml) throw new ConfigError(renderProblems(source, yaml.problems));
  const { value } = yaml;
  if (!Array.isArray(value)) throw faulty(source, 'must be a list of grants');
  if (value.length > LIMITS.grants) {
    throw faulty(source, `must have at most ${LIMITS.grants} entries`);
  }
  const verified = new Map<string, JwsVerdict>();
  const read = await Promise.all(
    value.map((entry, index) => readEntry(entry, index, yaml, verifier, verified)),
  );
  if (verifier !== null) verifier.known = verified;
  const entries: GrantEntry[] = [];
  const problems: Problem[] = [];
  for (const result of read) {
    if ('message' in result) problems.push(result);
    else entries.push(result);
  }
  return { source, entries, problems };
}

async function readEntry(
  entry: JsonValue,
  index: number,
  yaml: ParsedYaml,
  verifier: GrantVerifier | null,
  verified: Map<string, JwsVerdict>,
): Promise<GrantEntry | Problem> {
  const offset = offsetOf(yaml, index);
  const refused = (reason: string): Problem => ({
    offset,
    message: `${nameGrant(entry)} is ignored: [${index}]: ${reason}`,
  });
  const jws = isJsonObject(entry) ? ownMember(entry, 'jws') : undefined;
  if (verifier === null) {
    if (jws !== undefined) return refused('it is signed, but grant_keys is not configured');
    return { index, offset, grant: entry, yaml, path: [index], isInFile: true };
  }
  if (jws === undefined) return refused('it is not signed, as grant_keys demands');
  if (typeof jws !== 'string' || Object.keys(entry ?? {}).length !== 1) {
    return refused('it must be "jws: …" and nothing else');
  }
  if (jws.length > MAX_JWS_CHARACTERS) return refused('its JWS is too long');
  const verdict = verifier.known.get(jws) ?? (await verifyJws(jws, 'grant+jwt', verifier.keys));
  if (verdict.outcome === 'refused') return refused(verdict.reason);
  verified.set(jws, verdict);
  const grant = parseIJson(verdict.payload);
  if (grant === null) return refused('its payload is not a JSON object');
  const payload = parseYaml(createSource('', JSON.stringify(grant)));
  if ('problems' in payload) return refused('its payload cannot be read');
  return { index, offset, grant: payload.value, yaml: payload, path: [], isInFile: false };
}

/** Names an entry where it has a name: `grant "INC-4312"`. */
export function nameGrant(grant: JsonValue): string {
  const name = isJsonObject(grant) ? ownMember(grant, 'name') : undefined;
  const isName = typeof name === 'string' && name.length <= LIMITS.name_characters;
  return isName ? `grant ${JSON.stringify(name)}` : 'a grant';
}

function offsetOf(yaml: ParsedYaml, index: number): number {
  const node = yaml.nodeAt([index]);
  return node === undefined ? 0 : start(node);
}

function faulty(source: Source, message: string): ConfigError {
  return new ConfigError(renderProblems(source, [{ offset: 0, message }]));
}
