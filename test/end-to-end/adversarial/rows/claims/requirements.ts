import { PASSES, type Row, refused, refusedWithoutChallenge } from '../../row.ts';
import { type Changes, claim } from './claim.ts';

export const LACKS_SCOPE = refused(
  'insufficient_scope',
  'error="insufficient_scope"',
  'scope="tasks:read tasks:write"',
);

function scopes(name: string, changes: Changes, expected = LACKS_SCOPE): Row {
  return claim(name, { scope: undefined, ...changes }, expected, 'scoped');
}

export const LACKS_CLAIM = refusedWithoutChallenge('claim_mismatch');

function operator(name: string, changes: Changes, expected = LACKS_CLAIM): Row {
  const good = { realm_access: { roles: ['viewer', 'operator'] }, tenant: 42 };
  return claim(name, { ...good, ...changes }, expected, 'operators');
}

function staff(name: string, changes: Changes, expected = LACKS_CLAIM): Row {
  return claim(name, { email: 'ceo@example.com', ...changes }, expected, 'staff');
}

/** What a route asks for (RFC 6750 §3.1). */
export const requirements: Row[] = [
  scopes('both scopes', { scope: 'tasks:write tasks:read' }, PASSES),
  scopes('both scopes in scp', { scp: ['tasks:read', 'tasks:write'] }, PASSES),
  scopes('no scope', {}),
  scopes('one scope of two', { scope: 'tasks:read' }),
  scopes('scopes with a comma', { scope: 'tasks:read,tasks:write' }),
  scopes('scopes with a tab', { scope: 'tasks:read\ttasks:write' }),
  scopes('scopes in another case', { scope: 'TASKS:READ TASKS:WRITE' }),
  scopes('scopes that begin alike', { scope: 'tasks:read:own tasks:write:own' }),
  scopes('scopes that end alike', { scope: 'xtasks:read xtasks:write' }),
  scopes('a star for a scope', { scope: '*' }),
  scopes('two scopes in one element', { scope: ['tasks:read tasks:write'] }),
  scopes('an empty scope beside a good scp', { scope: '', scp: ['tasks:read', 'tasks:write'] }),
  scopes('scopes in roles', { roles: ['tasks:read', 'tasks:write'] }),
  operator('all required claims', {}, PASSES),
  operator('a required claim that is one text', { realm_access: { roles: 'operator' } }, PASSES),
  operator('a required claim missing', { realm_access: undefined }),
  operator('a required claim in a list of lists', { realm_access: { roles: [['operator']] } }),
  operator('a required claim as a member', { realm_access: { roles: { 0: 'operator' } } }),
  operator('a required claim in a text', { realm_access: { roles: 'viewer operator' } }),
  operator('a required claim under its pointer', {
    realm_access: undefined,
    '/realm_access/roles': ['operator'],
  }),
  operator('a required claim under a list', { realm_access: [{ roles: ['operator'] }] }),
  operator('a required claim under __proto__', {
    realm_access: JSON.parse('{"__proto__":{"roles":["operator"]}}'),
  }),
  operator('another number', { tenant: 43 }),
  operator('the number with a zero before it', { tenant: '042' }),
  operator('a number in an object', { tenant: { value: 42 } }),
  operator('a boolean that is accepted as text', { tenant: true }, PASSES),
  staff('an e-mail address that is verified', { email_verified: true }, PASSES),
  staff('an e-mail address of which nothing is said', {}, PASSES),
  staff('an e-mail address that is not verified', { email_verified: false }),
  staff('an e-mail address that is verified as a text', { email_verified: 'true' }),
  staff('an e-mail address that is verified as a number', { email_verified: 1 }),
  staff('an e-mail address that is verified by null', { email_verified: null }),
  ...[undefined, false, 'true', 1, null].map((email_verified) =>
    claim(
      `email_verified ${JSON.stringify(email_verified)} where that must be true`,
      { email: 'ceo@example.com', email_verified },
      LACKS_CLAIM,
      'verified-staff',
    ),
  ),
  claim(
    'an e-mail address that is verified where that must be',
    { email: 'ceo@example.com', email_verified: true },
    PASSES,
    'verified-staff',
  ),
  staff('an e-mail address in another case', { email: 'CEO@example.com' }),
];
