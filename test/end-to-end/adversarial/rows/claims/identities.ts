import { invalidToken, PASSES, type Row } from '../../row.ts';
import { claim } from './claim.ts';

const MALFORMED = invalidToken('malformed_claim');

const ELSEWHERE = {
  groups: undefined,
  _claim_names: { groups: 'src1' },
  _claim_sources: { src1: { endpoint: 'https://graph.example.com/groups' } },
};

/** Who is asking: a malformed claim must not be read as an absent one. */
export const identities: Row[] = [
  claim('no sub', { sub: undefined }, invalidToken('no_subject')),
  claim('an empty sub', { sub: '' }, invalidToken('no_subject')),
  claim('a sub of null', { sub: null }, MALFORMED),
  claim('a sub that is a number', { sub: 7 }, MALFORMED),
  claim('a sub in a list', { sub: ['alice'] }, MALFORMED),
  claim('a jti that is a number', { jti: 7 }, MALFORMED),
  claim('a jti of null', { jti: null }, MALFORMED),
  claim('no jti', { jti: undefined }, PASSES),
  ...[
    'agent',
    {},
    { sub: '' },
    { sub: 7 },
    { iss: 'agent' },
    [{ sub: 'agent' }],
    null,
    { sub: 'agent', iss: 7 },
    { sub: 'agent', act: 'x' },
    { sub: 'agent', act: null },
  ].map((act) => claim(`act ${JSON.stringify(act)}`, { act }, invalidToken('malformed_actor'))),
  claim('a delegation', { act: { sub: 'agent', act: { sub: 'other' } } }, PASSES),
  ...[7, true, ['a@example.com'], {}].map((email) =>
    claim(`email ${JSON.stringify(email)}`, { email }, MALFORMED),
  ),
  ...[7, {}, [7], ['a', null], [''], [['a']], { 0: 'a' }, true].map((groups) =>
    claim(`groups ${JSON.stringify(groups)}`, { groups }, MALFORMED),
  ),
  claim(
    'groups that are elsewhere (OpenID Connect Core §5.6.2)',
    ELSEWHERE,
    invalidToken('groups_elsewhere'),
  ),
  claim(
    'groups that are elsewhere beside some that are here',
    { ...ELSEWHERE, groups: ['staff'] },
    invalidToken('groups_elsewhere'),
  ),
  claim(
    'groups that are elsewhere, where a JSON Pointer names them',
    ELSEWHERE,
    invalidToken('groups_elsewhere'),
    'pointed-groups',
  ),
  ...['admins', null, [], undefined].map((groups) =>
    claim(`groups ${JSON.stringify(groups)}`, { groups }, PASSES),
  ),
  ...[7, {}, [7], ['a', ''], true].map((scope) =>
    claim(`scope ${JSON.stringify(scope)}`, { scope }, MALFORMED),
  ),
];
