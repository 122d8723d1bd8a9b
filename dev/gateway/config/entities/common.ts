import type { ConfigValue, FieldSchema } from '../../schema/field.ts';

export const uuid: FieldSchema = { type: 'string', uuid: true, auto: true };
export const timestamp: FieldSchema = { type: 'integer', timestamp: true, auto: true };
export const comment: FieldSchema = { type: 'string' };
export const ignored: FieldSchema = { type: 'array', elements: { type: 'any' } };

export const name: FieldSchema = {
  type: 'string',
  custom_validator: (value) =>
    /^[\w.~\u0080-\u{10ffff}-]+$/u.test(text(value))
      ? undefined
      : `invalid value '${text(value)}': the only accepted ascii characters are alphanumerics or ., -, _, and ~`,
};

export const tags: FieldSchema = {
  type: 'set',
  elements: {
    type: 'string',
    required: true,
    custom_validator: (value) =>
      /^[ !-+\-.0-~\u0080-\u{10ffff}]+$/u.test(text(value))
        ? undefined
        : `invalid tag '${text(value)}': expected printable ascii (except \`,\` and \`/\`) or valid utf-8 sequences`,
  },
};

export const protocol: FieldSchema = {
  type: 'string',
  one_of: ['grpc', 'grpcs', 'http', 'https', 'tcp', 'tls', 'tls_passthrough', 'udp'],
};

/** The path of a URL: RFC 3986 characters, well escaped. */
export function pathProblem(path: string): string | undefined {
  if (!/^\/[\w.\-~/%:@!$&'()*+,;=]*$/.test(path)) {
    return `invalid path: '${path}' (characters outside of the reserved list of RFC 3986 found)`;
  }
  return escapeProblem(path);
}

export function escapeProblem(path: string): string | undefined {
  const bad = /%.?.?/.exec(path.replaceAll(/%[0-9A-Fa-f]{2}/g, '___'));
  return bad === null ? undefined : `invalid url-encoded value: '${bad[0]}'`;
}

export function text(value: ConfigValue): string {
  return typeof value === 'string' ? value : '';
}
