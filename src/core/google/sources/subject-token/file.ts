import type { FileSource } from '../../credentials/parse-credential-source.ts';
import { readBoundedFile } from './read-bounded-file.ts';
import { readSubjectToken } from './read-subject-token.ts';
import type { SubjectTokenSource } from './subject-token-source.ts';

const WHAT = "the subject token's file";
const MAX_BYTES = 65_536;

/** A token that the platform writes to a file and replaces in time, as Kubernetes does; read anew each time. */
export function createFileSource({ file, format }: FileSource): SubjectTokenSource {
  return {
    fetchSubjectToken: async () =>
      readSubjectToken(WHAT, await readBoundedFile(WHAT, file, MAX_BYTES), format),
  };
}
