/**
 * Writes docs/reference.md from the plugins' own config fields and refusal codes.
 * `--check` writes nothing and fails where the page on disk is another one.
 */
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import * as cloudRunToken from '../plugins/cloud-run-token.ts';
import * as oidcAuthorizer from '../plugins/oidc-authorizer.ts';
import * as policyEvaluator from '../plugins/policy-evaluator.ts';
import type { KongField } from '../src/core/config/kong-schema.ts';
import { REFUSALS } from '../src/core/refusal.ts';
import type { KongPlugin } from '../src/kong/define-plugin.ts';

const page = path.resolve(import.meta.dirname, '../docs/reference.md');
const text = reference([oidcAuthorizer, policyEvaluator, cloudRunToken]);

if (!process.argv.includes('--check')) {
  await writeFile(page, text);
} else if ((await readFile(page, 'utf8').catch(() => '')) !== text) {
  console.error('docs/reference.md is out of date: run `npm run docs`');
  process.exitCode = 1;
}

function reference(plugins: KongPlugin[]): string {
  const sections = plugins.map(
    ({ Name, Priority, Schema }) =>
      `## ${Name}\n\nPriority ${Priority}.\n\n| field | type | default | meaning |\n|---|---|---|---|\n${rows('', Schema).join('\n')}`,
  );
  const codes = Object.entries(REFUSALS).map(
    ([code, { status, title }]) => `| \`${code}\` | ${status} | ${title} |`,
  );
  return `<!-- Written by \`npm run docs\` from the config fields; do not edit. -->

# Reference

Unknown fields are refused. A config that Kong accepts but that cannot work (a URL that is not https, a policy that does not load) makes the plugin refuse every request of the route with \`invalid_config\`; the log says why.

${sections.join('\n\n')}

## Refusals

The body is \`application/problem+json\` (RFC 9457) with \`type\`, \`title\`, \`status\` and \`code\`, and sometimes \`detail\`. Challenges in \`WWW-Authenticate\` follow RFC 6750.

| code | status | title |
|---|---|---|
${codes.join('\n')}
`;
}

function rows(prefix: string, fields: Record<string, KongField>[]): string[] {
  return fields.flatMap((entry) =>
    Object.entries(entry).flatMap(([name, field]) => {
      const own = `| \`${prefix}${name}\` | ${type(field)} | ${defaultValue(field)} | ${meaning(field)} |`;
      return [own, ...nested(`${prefix}${name}`, field)];
    }),
  );
}

function nested(name: string, field: KongField): string[] {
  if (field.fields) return rows(`${name}.`, field.fields);
  if (field.elements?.fields) return rows(`${name}[].`, field.elements.fields);
  return [];
}

function type(field: KongField): string {
  if (field.elements) return `array of ${field.elements.type}`;
  if (field.keys && field.values) return `map of ${field.keys.type} to ${field.values.type}`;
  return field.type;
}

function defaultValue(field: KongField): string {
  if (field.required) return 'required';
  return field.default === undefined ? '–' : `\`${JSON.stringify(field.default)}\``;
}

function meaning(field: KongField): string {
  const limits = field.between ? ` From ${field.between[0]} to ${field.between[1]}.` : '';
  const choices = field.one_of
    ? ` One of ${field.one_of.map((value) => `\`${value}\``).join(', ')}.`
    : '';
  const vault = field.referenceable ? ' May be a vault reference.' : '';
  return `${field.description ?? ''}${choices}${limits}${vault}`.replaceAll('|', '\\|').trim();
}
