import { isJsonObject, type JsonObject, type JsonValue } from '../../src/core/json.ts';
import type { DevClock } from '../clock/clock.ts';
import { getToken } from '../identity-provider/get-token.ts';
import { eventually } from '../stack/eventually.ts';
import { auditRecords } from './audit-records.ts';
import { type Answer, send } from './send.ts';
import { GATEWAY_ACCOUNT, type Step } from './steps.ts';

/** Where the story happens; only addresses, so that it can be told from another process as well. */
export interface Scene {
  gatewayUrl: string;
  stagingUrl: string;
  issuer: string;
  clock: DevClock;
  /** What the plugin server has logged so far. */
  log(): Promise<readonly string[]>;
}

export interface Outcome {
  step: Step;
  status: number;
  code: string | null;
  audit: JsonObject | null;
  /** The request as the service behind Cloud Run's front end saw it; null where it saw none. */
  upstream: JsonObject | null;
  /** What differs from the expectation; empty where nothing does. */
  differences: string[];
}

/** Tells one step: moves the clock, gets a token, sends the request and compares with what is expected. */
export async function tellStep(scene: Scene, step: Step): Promise<Outcome> {
  if (step.at !== undefined) scene.clock.set(step.at);
  const authorization = await authorize(scene, step);
  const before = auditRecords(await scene.log()).length;
  const answer = await send(step.to === 'tasks-staging' ? scene.stagingUrl : scene.gatewayUrl, {
    method: step.method,
    path: step.path,
    headers: { ...authorization, ...step.headers },
  });
  const { code, upstream } = readAnswer(step, answer);
  const audit = await auditRecord(scene, step, before);
  const outcome = { step, status: answer.status, code, audit, upstream };
  return { ...outcome, differences: compare(outcome) };
}

async function authorize(scene: Scene, step: Step): Promise<Record<string, string>> {
  if (step.token === undefined) return {};
  const token = await getToken(scene.issuer, step.token);
  if (step.tokenAgeSeconds !== undefined) {
    scene.clock.set(scene.clock.now() + step.tokenAgeSeconds * 1000);
  }
  return { Authorization: `Bearer ${token}` };
}

function readAnswer(
  { to = 'gateway' }: Step,
  answer: Answer,
): { code: string | null; upstream: JsonObject | null } {
  if (answer.status === 200) return { code: null, upstream: parseJson(answer.body) };
  const other = to === 'gateway' ? 'not from the plugins' : 'refused by Cloud Run';
  return { code: answer.code ?? other, upstream: null };
}

/** The record is on its way through a pipe when the answer is already here. */
async function auditRecord(scene: Scene, step: Step, before: number): Promise<JsonObject | null> {
  const newest = async () =>
    auditRecords(await scene.log())
      .slice(before)
      .at(-1);
  if (step.expect.audit === undefined) return (await newest()) ?? null;
  return eventually(`the audit record of "${step.title}"`, newest, 2_000).catch(() => null);
}

function compare({ step, status, code, audit, upstream }: Omit<Outcome, 'differences'>): string[] {
  const { expect } = step;
  const checks: [what: string, actual: JsonValue, expected: JsonValue][] = [
    ['status', status, expect.status],
    ['code', code, expect.code ?? null],
    ['decision', audit?.decision ?? null, expect.audit?.decision ?? null],
    ['rule', audit?.rule ?? null, expect.audit?.rule ?? null],
    ['grant', audit?.grant ?? null, expect.audit?.grant ?? null],
  ];
  if (expect.code === undefined) {
    const headers = isJsonObject(upstream?.headers) ? upstream.headers : {};
    const invoker = isJsonObject(upstream?.invoker) ? upstream.invoker : {};
    checks.push(['invoker', invoker.email ?? null, GATEWAY_ACCOUNT]);
    for (const [name, value] of Object.entries(expect.upstream ?? {})) {
      checks.push([`upstream's ${name}`, headers[name] ?? null, value]);
    }
  }
  return checks
    .filter(([, actual, expected]) => actual !== expected)
    .map(([what, actual, expected]) => `${what}: expected ${expected}, got ${actual}`);
}

function parseJson(text: string): JsonObject | null {
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : null;
  } catch {
    return null;
  }
}
