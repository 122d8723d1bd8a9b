import { isScalar } from 'yaml';
import { ConfigError } from '../../../core/config-error.ts';
import { checkShape } from '../../../policy/document/check-shape.ts';
import { locateInScalar } from '../../../policy/document/locate-in-scalar.ts';
import { parseYaml, start } from '../../../policy/document/parse-yaml.ts';
import type { PolicyDocument } from '../../../policy/document/schema.ts';
import { createSource, locate } from '../../../policy/document/source.ts';
import { LIMITS } from '../../../policy/limits.ts';
import { loadPolicy } from '../../../policy/load-policy.ts';
import type { Policy } from '../../../policy/policy.ts';
import { readTextFile } from './read-text-file.ts';

/** A policy file: the policy that the plugin would make of it, and what it says where. */
export interface PolicyFile {
  readonly file: string;
  readonly policy: Policy;
  readonly document: PolicyDocument;
  /** Where the value at a path of keys and indexes stands: `policy.yaml:12:5`. */
  at(path: readonly PropertyKey[]): string;
  /** Where the key of a map's entry stands. */
  atKey(path: readonly PropertyKey[], key: string): string;
  /** Where a character of the text at a path stands. */
  locateIn(path: readonly PropertyKey[], offset: number): string;
}

/** @throws ConfigError with one problem per mistake */
export function openPolicy(file: string): PolicyFile {
  const text = readTextFile(file, LIMITS.file_bytes);
  const policy = loadPolicy(text, file);
  const source = createSource(file, text);
  const yaml = parseYaml(source);
  const document = 'problems' in yaml ? yaml : checkShape(yaml);
  // It has just been loaded.
  if ('problems' in yaml || 'problems' in document) {
    throw new ConfigError([`${file}: does not load`]);
  }
  const place = (offset: number | undefined) => locate(source, offset ?? 0);
  return {
    file,
    policy,
    document,
    at(path) {
      const node = yaml.nodeAt(path);
      return place(node === undefined ? 0 : start(node));
    },
    atKey: (path, key) => place(yaml.keyOffset(path, key)),
    locateIn(path, offset) {
      const node = yaml.nodeAt(path);
      return place(isScalar(node) ? locateInScalar(text, node, offset) : 0);
    },
  };
}
