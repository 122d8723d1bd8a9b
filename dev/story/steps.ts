import type { TokenRequest } from '../identity-provider/get-token.ts';

export interface Step {
  title: string;
  /** When it happens; the clock stands at the step before's time otherwise. */
  at?: string;
  /** Whose access token goes along; none by default. */
  token?: TokenRequest;
  /** How old the token is when it is used, in seconds. */
  tokenAgeSeconds?: number;
  /** `tasks-staging` goes to the Cloud Run service itself, past the gateway. */
  to?: 'gateway' | 'tasks-staging';
  method: 'GET' | 'POST';
  /** Sent as it stands, without normalization. */
  path: string;
  headers?: Record<string, string>;
  expect: Expectation;
}

export interface Expectation {
  status: number;
  /** The refusal's code; a request without one must have reached the service, and with one must not have. */
  code?: string;
  /** What the audit record says; no record is expected without it. */
  audit?: { decision: 'allow' | 'deny'; rule: string | null; grant?: string };
  /** Headers as the upstream saw them; null for one it must not have seen. */
  upstream?: Record<string, string | null>;
}

const WEDNESDAY = '2026-11-25T10:00:00+01:00';
const SATURDAY = '2026-11-28T10:00:00+01:00';

/** The account that the Google stand-in's metadata server speaks for: the only one that may invoke the services. */
export const GATEWAY_ACCOUNT = 'gateway@demo-project.iam.gserviceaccount.com';

/** A newcomer's tour: what is refused and why, what is let through and what the service then sees. */
export const STEPS: readonly Step[] = [
  {
    title: 'nobody: no token at all',
    at: WEDNESDAY,
    method: 'GET',
    path: '/staging/tasks/7',
    expect: { status: 401, code: 'missing_token' },
  },
  {
    title: 'bob, with a token that expired five minutes ago',
    token: { user: 'bob' },
    tokenAgeSeconds: 600,
    method: 'GET',
    path: '/staging/tasks/7',
    expect: { status: 401, code: 'invalid_token' },
  },
  {
    title: 'bob, with a token for another API',
    token: { user: 'bob', resource: 'https://other.example.com' },
    method: 'GET',
    path: '/staging/tasks/7',
    expect: { status: 401, code: 'invalid_token' },
  },
  {
    title: 'bob, an engineer, reads a task',
    token: { user: 'bob' },
    method: 'GET',
    path: '/staging/tasks/7',
    expect: {
      status: 200,
      audit: { decision: 'allow', rule: 'engineers-read' },
      upstream: {
        'x-authenticated-subject': 'bob',
        'x-authenticated-email': 'bob@example.com',
      },
    },
  },
  {
    title: 'bob is in no group that may rerun a task',
    token: { user: 'bob' },
    method: 'POST',
    path: '/staging/tasks/7',
    expect: {
      status: 403,
      code: 'policy_denied',
      audit: { decision: 'deny', rule: null },
    },
  },
  {
    title: 'bob claims to be alice, in two spellings of the header',
    token: { user: 'bob' },
    method: 'GET',
    path: '/staging/tasks/7',
    headers: { 'X-Authenticated-Subject': 'alice', X_Authenticated_Subject: 'alice' },
    expect: {
      status: 200,
      audit: { decision: 'allow', rule: 'engineers-read' },
      upstream: { 'x-authenticated-subject': 'bob', x_authenticated_subject: null },
    },
  },
  {
    title: 'bob forges the header that Cloud Run trusts',
    token: { user: 'bob' },
    method: 'GET',
    path: '/staging/tasks/7',
    headers: { 'X-Serverless-Authorization': 'Bearer forged.by.bob' },
    expect: { status: 200, audit: { decision: 'allow', rule: 'engineers-read' } },
  },
  {
    title: 'alice, a QA lead, reruns a task on Wednesday at 10:00',
    token: { user: 'alice' },
    method: 'POST',
    path: '/staging/tasks/7',
    expect: {
      status: 200,
      audit: { decision: 'allow', rule: 'qa-leads-rerun-staging' },
      upstream: { 'x-authenticated-subject': 'alice' },
    },
  },
  {
    title: 'an agent acting for alice reads a task',
    token: { user: 'alice', actor: 'planning-agent' },
    method: 'GET',
    path: '/staging/tasks/7',
    expect: {
      status: 200,
      audit: { decision: 'allow', rule: 'engineers-read' },
      upstream: { 'x-authenticated-subject': 'alice' },
    },
  },
  {
    title: 'the same agent tries to rerun it',
    token: { user: 'alice', actor: 'planning-agent' },
    method: 'POST',
    path: '/staging/tasks/7',
    expect: {
      status: 403,
      code: 'policy_denied',
      audit: { decision: 'deny', rule: 'agents-read-only' },
    },
  },
  {
    title: 'erin, on call, restores production under grant INC-4312',
    token: { user: 'erin' },
    method: 'POST',
    path: '/production/tasks/7',
    expect: {
      status: 200,
      audit: { decision: 'allow', rule: 'operators-rerun-production', grant: 'INC-4312' },
      upstream: { 'x-authenticated-subject': 'erin' },
    },
  },
  {
    title: 'nobody reads the public handbook',
    method: 'GET',
    path: '/handbook',
    headers: { 'X-Authenticated-Subject': 'alice' },
    expect: {
      status: 200,
      audit: { decision: 'allow', rule: 'handbook-is-public' },
      upstream: { 'x-authenticated-subject': null },
    },
  },
  {
    title: 'alice hides another path behind an encoded slash',
    token: { user: 'alice' },
    method: 'POST',
    path: '/staging/tasks/..%2f..%2fadmin',
    expect: {
      status: 400,
      code: 'invalid_request',
      audit: { decision: 'deny', rule: null },
    },
  },
  {
    title: 'alice goes to Cloud Run directly, past the gateway',
    to: 'tasks-staging',
    token: { user: 'alice' },
    method: 'POST',
    path: '/tasks/7',
    expect: { status: 401, code: 'refused by Cloud Run' },
  },
  {
    title: 'alice again, on Saturday',
    at: SATURDAY,
    token: { user: 'alice' },
    method: 'POST',
    path: '/staging/tasks/7',
    expect: {
      status: 403,
      code: 'policy_denied',
      audit: { decision: 'deny', rule: null },
    },
  },
  {
    title: 'erin again, three days after the grant ended',
    token: { user: 'erin' },
    method: 'POST',
    path: '/production/tasks/7',
    expect: {
      status: 403,
      code: 'policy_denied',
      audit: { decision: 'deny', rule: null },
    },
  },
];
