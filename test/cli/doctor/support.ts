import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type {
  Check,
  DoctorSubject,
  DoctorTools,
  KongSettings,
} from '../../../src/cli/doctor/check.ts';
import type { Finding } from '../../../src/cli/doctor/finding.ts';
import { readSubject } from '../../../src/cli/doctor/read-subject.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'doctor-unit-'));
// This module is loaded once for all test files that a worker runs.
process.on('exit', () => rmSync(folder, { recursive: true }));

/** A folder that the test files of a worker share, one after the other. */
export const FOLDER = folder;

export const POLICY = 'version: 1\nrules: [{ name: all, effect: allow, when: "true" }]\n';
writeFileSync(path.join(folder, 'policy.yaml'), POLICY);

export function write(name: string, text: string): string {
  const file = path.join(folder, name);
  writeFileSync(file, text);
  return file;
}

export const HOST = 'tasks-123456789012.europe-west3.run.app';

export const AUTHORIZER =
  '{ name: oidc-authorizer, config: { issuers: [{ issuer: "https://login.example.com", audiences: [api] }] } }';
export const EVALUATOR = `{ name: policy-evaluator, config: { policy_file: ${path.join(folder, 'policy.yaml')} } }`;
export const TOKEN = '{ name: cloud-run-token }';
export const CHAIN = [AUTHORIZER, EVALUATOR, TOKEN] as const;

export interface RouteText {
  url?: string;
  /** More of the service and of the route, as YAML. */
  service?: string;
  route?: string;
  plugins?: readonly string[];
  /** More at the top of the file. */
  top?: string;
}

/** A kong.yml with one route, `tasks`. */
export function kongYml({ url, service = '', route = '', plugins = CHAIN, top = '' }: RouteText) {
  return `_format_version: "3.0"
services:
  - name: tasks
${service === '' ? `    url: ${url ?? `https://${HOST}`}\n` : `    ${service}\n`}    routes:
      - name: tasks
        ${route === '' ? 'paths: [/tasks]' : route}
        plugins:
${plugins.map((plugin) => `          - ${plugin}\n`).join('')}
${top}
`;
}

export function subjectOf(text: string | RouteText): DoctorSubject {
  const yaml = typeof text === 'string' ? text : kongYml(text);
  return readSubject(write('kong.yml', yaml));
}

export function settingsOf(settings: Record<string, string>): KongSettings {
  return new Map(Object.entries(settings));
}

export const TOOLS: DoctorTools = {
  clock: () => Date.parse('2026-11-25T09:00:00Z'),
  environment: {},
  fetch: () => Promise.reject(new Error('no network in this test')),
  timeout_ms: 2_000,
};

/** What a check finds, as `error: message`; what it finds to be well is left out. */
export async function told(
  check: Check,
  text: string | RouteText,
  more: Partial<DoctorSubject> = {},
  tools: Partial<DoctorTools> = {},
): Promise<string[]> {
  const found = await findings(check, text, more, tools);
  return found
    .filter(({ severity }) => severity !== 'ok')
    .map(({ severity, message }) => `${severity}: ${message}`);
}

export async function findings(
  check: Check,
  text: string | RouteText,
  more: Partial<DoctorSubject> = {},
  tools: Partial<DoctorTools> = {},
): Promise<readonly Finding[]> {
  return check({ ...subjectOf(text), ...more }, { ...TOOLS, ...tools });
}
