import { ConfigError } from '../../../core/config-error.ts';
import { checkShape } from '../../../policy/document/check-shape.ts';
import { parseYaml } from '../../../policy/document/parse-yaml.ts';
import type { PolicyTest } from '../../../policy/document/schema.ts';
import { createSource, type Problem, renderProblems } from '../../../policy/document/source.ts';
import { LIMITS } from '../../../policy/limits.ts';
import { readTextFile } from './read-text-file.ts';

export type Given = PolicyTest['given'];

/**
 * Reads a JSON file that holds what a policy's test holds under `given`, or a member of it.
 *
 * @param member where the file holds that member alone: `identity`
 * @throws ConfigError that says which member is wrong, where and why
 */
export function readGiven(file: string, member?: keyof Given): Given {
  const text = readTextFile(file, LIMITS.file_bytes);
  checkJson(file, text);
  const [before, after] = member === undefined ? ['', ''] : [`{"${member}":`, '}'];
  // JSON is YAML, and the policy's own schema knows the shape of a test and where in the text a member stands.
  const prefix = `{"version":1,"rules":[],"tests":[{"name":"-","expect":"deny","given":${before}`;
  const yaml = parseYaml(createSource(file, `${prefix}${text}${after}}]}`));
  const document = 'problems' in yaml ? yaml : checkShape(yaml);
  if ('problems' in document) fail(file, text, document.problems, prefix.length);
  const given = document.tests[0]?.given;
  if (given === undefined) throw new ConfigError([`${file}: must be an object`]);
  checkIdentity(file, given);
  return given;
}

function checkJson(file: string, text: string): void {
  try {
    JSON.parse(text);
  } catch (error) {
    const { message } = error as SyntaxError;
    throw new ConfigError([
      `${file}: is not JSON: ${text.trim() === '' ? 'it is empty' : message}`,
    ]);
  }
}

function fail(file: string, text: string, problems: readonly Problem[], shift: number): never {
  const own = problems.map(({ offset, message, hint }) => ({
    offset: Math.min(Math.max(0, offset - shift), text.length),
    message: inWordsOfTheFile(message),
    hint,
  }));
  throw new ConfigError(renderProblems(createSource(file, text), own));
}

function inWordsOfTheFile(message: string): string {
  return message
    .replace(/^tests\[0\]\.given: /, '')
    .replace(/^tests\[0\]\.given\.?/, '')
    .replace(/^ must be/, 'must be');
}

function checkIdentity(file: string, { identity }: Given): void {
  if (identity === null || typeof identity.sub === 'string') return;
  throw new ConfigError([
    `${file}: identity needs a "sub", a string; it holds the claims of a token`,
  ]);
}
