import { isAbsolute } from 'node:path';
import { z } from 'zod';
import { ConfigError } from '../../config-error.ts';
import { isJsonObject, type JsonObject } from '../../json.ts';
import { text } from './members.ts';
import { readMembers } from './read-members.ts';
import { splitCommand } from './split-command.ts';

const format = z.discriminatedUnion(
  'type',
  [
    z.object({ type: z.literal('text').default('text') }),
    z.object({ type: z.literal('json'), subject_token_field_name: text }),
  ],
  { error: 'must be of type text or json, and json needs subject_token_field_name' },
);

const NOT_URL = 'must be a URL of http or https';

/** Instance metadata and services on this machine are asked by plain http, so these are not held to https. */
const sourceUrl = z
  .string({ error: NOT_URL })
  .max(2048, { error: 'is too long' })
  .refine(
    (value) => {
      if (!/^https?:\/\/[\x21-\x7e]+$/.test(value) || !URL.canParse(value)) return false;
      const { username, password, hash } = new URL(value);
      return `${username}${password}${hash}` === '';
    },
    { error: `${NOT_URL}, without user information or fragment` },
  );

/** Checked as a whole: an error of its own for each would repeat the name, which may be anything. */
const headers = z.custom<Record<string, string>>(isHeaders, {
  error: 'must be an object of header names and values',
});

const fileSource = z.object({
  file: text,
  format: format.default({ type: 'text' }),
});

const urlSource = z.object({
  url: sourceUrl,
  headers: headers.default({}),
  format: format.default({ type: 'text' }),
});

const NOT_VERIFICATION =
  'must be https://sts.{region}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15, with {region} as it stands';

const awsSource = z.object({
  environment_id: z.literal('aws1', { error: 'must be aws1, the only version there is' }),
  region_url: sourceUrl.optional(),
  url: sourceUrl.optional(),
  imdsv2_session_token_url: sourceUrl.optional(),
  regional_cred_verification_url: z
    .string({ error: NOT_VERIFICATION })
    .regex(
      /^https:\/\/sts\.\{region\}\.amazonaws\.com(?:\.cn)?\/?\?Action=GetCallerIdentity&Version=2011-06-15$/,
      { error: NOT_VERIFICATION },
    ),
});

const TIMEOUT = 'must be a whole number of milliseconds from 5000 to 120000';

const executableSource = z.object({
  executable: z.object(
    {
      command: text.transform((command, context) => {
        const words = splitCommand(command);
        if (words !== undefined && isAbsolute(words[0])) return words;
        context.addIssue({
          code: 'custom',
          message: 'must be the absolute path of a program and its arguments, with quotes in pairs',
        });
        return z.NEVER;
      }),
      timeout_millis: z
        .int({ error: TIMEOUT })
        .min(5000, { error: TIMEOUT })
        .max(120_000, { error: TIMEOUT })
        .default(30_000),
      output_file: text.refine(isAbsolute, { error: 'must be an absolute path' }).optional(),
    },
    { error: 'must be an object' },
  ),
});

export type SubjectTokenFormat = z.output<typeof format>;
export type FileSource = z.output<typeof fileSource>;
export type UrlSource = z.output<typeof urlSource>;
export type AwsSource = z.output<typeof awsSource>;
export type ExecutableSource = z.output<typeof executableSource>['executable'];

/** Where the workload's own platform has a token for it. */
export type CredentialSource =
  | ({ kind: 'file' } & FileSource)
  | ({ kind: 'url' } & UrlSource)
  | ({ kind: 'aws' } & AwsSource)
  | ({ kind: 'executable' } & ExecutableSource);

const SUPPORTED = 'file, url, environment_id (AWS) or executable';

/**
 * Reads the member `credential_source`. Of several kinds in it, the one that AIP-4117 prefers counts.
 *
 * @throws ConfigError with each thing wrong and where, never with a value
 */
export function parseCredentialSource(source: JsonObject, where: string): CredentialSource {
  if (Object.hasOwn(source, 'certificate')) {
    throw new ConfigError([
      `${where}: certificate (X.509 federation) is not supported; use ${SUPPORTED}`,
    ]);
  }
  if (Object.hasOwn(source, 'environment_id')) {
    return { kind: 'aws', ...readMembers(awsSource, source, where) };
  }
  if (Object.hasOwn(source, 'executable')) {
    return { kind: 'executable', ...readMembers(executableSource, source, where).executable };
  }
  if (Object.hasOwn(source, 'file')) {
    return { kind: 'file', ...readMembers(fileSource, source, where) };
  }
  if (Object.hasOwn(source, 'url')) {
    return { kind: 'url', ...readMembers(urlSource, source, where) };
  }
  throw new ConfigError([`${where}: needs ${SUPPORTED}`]);
}

function isHeaders(value: unknown): boolean {
  if (!isJsonObject(value)) return false;
  // RFC 9110 §5.1 and §5.5, of the latter what is ASCII.
  return Object.entries(value).every(
    ([name, content]) =>
      /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$/.test(name) &&
      typeof content === 'string' &&
      /^[\x20-\x7e]{0,8192}$/.test(content),
  );
}
