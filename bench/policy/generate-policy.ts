import type { Question } from '../../src/policy/decide.ts';

/** Wednesday, within the hours that rules name. */
const NOW = Date.parse('2026-11-25T10:15:00+01:00');

/** One rule in so many cannot be judged without evaluating it: it matches a pattern or loops over groups. */
const OPAQUE_EVERY = 50;

const DENY = 'deny';
const ALLOW = 'allow';

interface RuleText {
  name: string;
  effect: typeof ALLOW | typeof DENY;
  when: string;
}

/**
 * A policy as several teams might write it together, each team a handful of rules. None but the last rule lets the
 * questions of `generateQuestions` pass, and no deny rule matches them.
 *
 * @param salt makes the text different, so that nothing is remembered of another
 */
export function generatePolicy(rules: number, salt = 0): string {
  const roles: Record<string, string> = {
    auditor: '"auditors" in identity.groups',
    employee: 'has(identity.email) && identity.email.endsWith("@example.com")',
  };
  const generated: RuleText[] = [];
  for (let index = 0; index < rules - 1; index += 1) {
    const team = `team-${salt}-${Math.floor(index / FORMS.length)}`;
    // Roles are limited to 200, so a large policy asks for each in several rules.
    const role = `lead-${Math.floor(index / FORMS.length) % 90}`;
    roles[role] ??= `"${team}-leads" in identity.groups`;
    roles[`${role}-deputy`] ??=
      `"${team}" in identity.groups && "${team}:approve" in identity.scopes`;
    const form = index % OPAQUE_EVERY === OPAQUE_EVERY - 1 ? OPAQUE : FORMS;
    const [effect, write] = form[index % form.length] ?? [ALLOW, () => 'false'];
    generated.push({ name: `${team}-${index}`, effect, when: write(team, role) });
  }
  const last = {
    name: 'auditors-read-the-ledger',
    effect: ALLOW,
    when: LAST,
  } as const;
  // JSON is YAML, but people write it like this.
  return [
    'version: 1',
    'roles:',
    ...Object.entries(roles).map(([name, when]) => `  ${name}: ${quote(when)}`),
    'rules:',
    ...[...generated, last].map(
      ({ name, effect, when }) =>
        `  - name: ${name}\n    effect: ${effect}\n    when: >\n      ${when}`,
    ),
    '',
  ].join('\n');
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

const LAST =
  'has_role("auditor") && request.method == "GET" && request.path.startsWith("/ledger/") && labels.env == "production"';

type Form = [effect: RuleText['effect'], write: (team: string, role: string) => string];

/** What tells one team's rule from another's stands first in some, last in others. */
const FORMS: readonly Form[] = [
  [
    ALLOW,
    (team, role) =>
      `has_role("${role}") && request.method == "POST" && request.path.startsWith("/${team}/tasks/") && labels.env == "staging"`,
  ],
  [
    ALLOW,
    (team) =>
      `request.method == "GET" && labels.env == "production" && (route == "${team}-api" || route == "${team}-web") && "${team}" in identity.groups`,
  ],
  [
    ALLOW,
    (_, role) =>
      `labels.env == "production" && request.method in ["GET", "HEAD"] && now.within("Mon-Fri 09:00-17:00", "Europe/Berlin") && (has_role("${role}") || has_role("${role}-deputy"))`,
  ],
  [
    ALLOW,
    (team) =>
      `labels.env != "staging" && "${team}:read" in identity.scopes && request.path.startsWith("/${team}/")`,
  ],
  [
    ALLOW,
    (team) =>
      `identity.authenticated && identity.subject == "${team}-jobs@example.iam.gserviceaccount.com" && (request.path == "/${team}/jobs" || request.path.startsWith("/${team}/jobs/"))`,
  ],
  [DENY, (team) => `identity.actor != null && request.method != "GET" && route == "${team}-api"`],
  [
    DENY,
    (team) =>
      `labels.env == "production" && labels.team == "${team}" && !(has(identity.claims.amr) && "mfa" in identity.claims.amr)`,
  ],
  [
    ALLOW,
    (team) =>
      `has_role("employee") && now.hour("Europe/Berlin") >= 6 && request.method == "GET" && request.path.startsWith("/${team}/reports/")`,
  ],
  [
    ALLOW,
    (team) =>
      `request.method in ["GET", "HEAD"] && request.path.startsWith("/${team}/") && request.path.endsWith("/health")`,
  ],
  [
    DENY,
    (team) => `"team" in labels && !("${team}" in identity.groups) && service == "${team}-runner"`,
  ],
];

const OPAQUE: readonly Form[] = [
  [ALLOW, (team) => `request.path.matches("^/${team}/[0-9]+/logs$")`],
  [ALLOW, (team) => `identity.groups.exists(group, group == "${team}-operators")`],
];

/** Requests that differ as those of one route do; an auditor makes each. */
export function generateQuestions(): Question[] {
  return Array.from({ length: 32 }, (_, index) => {
    const subject = `user-${index}@example.com`;
    const groups = ['engineering', 'berlin', 'on-call', 'ledger', 'payments', 'auditors'];
    const scopes = ['openid', 'profile', 'ledger:read'];
    return {
      identity: {
        subject,
        issuer: 'https://login.example.com',
        email: subject,
        groups: JSON.parse(JSON.stringify(groups)),
        scopes: JSON.parse(JSON.stringify(scopes)),
        actor: null,
        claims: {
          sub: subject,
          iss: 'https://login.example.com',
          aud: 'https://tasks.example.com',
          exp: 1_795_600_000,
          iat: 1_795_596_400,
          email: subject,
          groups,
          scope: scopes.join(' '),
          amr: ['pwd', 'mfa'],
          acr: 'mfa',
        },
      },
      request: { method: 'GET', path: `/ledger/entries/${index}` },
      labels: new Map([
        ['env', 'production'],
        ['team', 'ledger'],
      ]),
      route: 'ledger-api',
      service: 'ledger-runner',
      now: NOW + index * 1000,
    };
  });
}
