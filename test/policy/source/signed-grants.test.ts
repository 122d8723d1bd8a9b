import { writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { allow, policyText } from '../support.ts';
import { createDirectory, createRig, createSigner, type Directory, sign } from './support.ts';

const GRANT = {
  name: 'INC-1',
  subject: 'alice@example.com',
  role: 'operator',
  expires: '2026-11-22T18:00:00Z',
  approved_by: 'bob@example.com',
  reason: 'restore from backup',
};
const TYP = { typ: 'grant+jwt' };
const POLICY = policyText([allow('operators', 'has_role("operator")')], {
  roles: { operator: 'false' },
  grants: [{ ...GRANT, name: 'in-policy' }],
});

const approver = createSigner('ES256', 'bob');
const stranger = createSigner('ES256', 'bob');

let directory: Directory;
let grants_file: string;
beforeEach(() => {
  directory = createDirectory();
  grants_file = directory.path('grants.yaml');
});
afterEach(() => directory.remove());

async function open(entries: readonly unknown[], grant_keys = [approver.pem]) {
  writeFileSync(grants_file, JSON.stringify(entries));
  const rig = createRig();
  const source = rig.open({ policy: POLICY, grants_file, grant_keys });
  await source.ready();
  await rig.poll();
  return {
    rig,
    names: () => source.current().grants.map(({ name }) => name),
    problems: rig.log.flatMap(({ fields }) => fields.problems),
  };
}

describe('a grants file whose grants must be signed', () => {
  it.each(['ES256', 'EdDSA', 'RS256', 'PS256'] as const)(
    'takes a grant that is signed with %s, by a key in PEM or as a JWK',
    async (alg) => {
      const signer = createSigner(alg);
      const jws = await sign(signer, GRANT, TYP);
      for (const key of [signer.pem, JSON.stringify(signer.jwk)]) {
        const { names, problems } = await open([{ jws }], [approver.pem, key]);
        expect(problems).toEqual([]);
        expect(names()).toEqual(['in-policy', 'INC-1']);
      }
    },
  );

  it('trusts the grants of the policy, which are reviewed with it', async () => {
    const { names, problems } = await open([]);
    expect(names()).toEqual(['in-policy']);
    expect(problems).toEqual([]);
  });

  it.each([
    ['is not signed', async () => GRANT, /grant "INC-1" is ignored: \[0\]: it is not signed/],
    [
      'is signed by somebody else, under the same kid',
      async () => ({ jws: await sign(stranger, GRANT, { ...TYP, kid: 'bob' }) }),
      /its signature is not valid/,
    ],
    [
      'was changed',
      async () => {
        const [header, , signature] = (await sign(approver, GRANT, TYP)).split('.');
        const payload = Buffer.from(JSON.stringify({ ...GRANT, role: 'admin' }));
        return { jws: `${header}.${payload.toString('base64url')}.${signature}` };
      },
      /its signature is not valid/,
    ],
    [
      'was signed for another use',
      async () => ({ jws: await sign(approver, GRANT, { typ: 'JWT' }) }),
      /its typ is not grant\+jwt/,
    ],
    [
      'has no type',
      async () => ({ jws: await sign(approver, GRANT) }),
      /its typ is not grant\+jwt/,
    ],
    [
      'repeats the grant beside its signature',
      async () => ({ ...GRANT, jws: await sign(approver, GRANT, TYP) }),
      /it must be "jws: …" and nothing else/,
    ],
    ['is not a JWS', async () => ({ jws: 'eyJ' }), /it is not a JWS in compact serialization/],
    ['is a number', async () => ({ jws: 1 }), /it must be "jws: …" and nothing else/],
    ['is too long', async () => ({ jws: 'e'.repeat(16_385) }), /its JWS is too long/],
    [
      'says a field twice',
      async () => ({
        jws: await sign(approver, `{"role":"a",${JSON.stringify(GRANT).slice(1)}`, TYP),
      }),
      /its payload is not a JSON object/,
    ],
    [
      'lacks a field',
      async () => ({ jws: await sign(approver, { ...GRANT, reason: undefined }, TYP) }),
      /grants\.yaml:1:2: grant "INC-1" is ignored: \[0\]\.reason is required/,
    ],
    [
      'has an unknown field',
      async () => ({ jws: await sign(approver, { ...GRANT, iat: 1 }, TYP) }),
      /grants\.yaml:1:2: grant "INC-1" is ignored: \[0\]: unknown field "iat"/,
    ],
  ])('ignores one that %s, and tells why', async (_, entry, problem) => {
    const good = { jws: await sign(approver, { ...GRANT, name: 'INC-9' }, TYP) };
    const { names, problems, rig } = await open([await entry(), good]);
    expect(names()).toEqual(['in-policy', 'INC-9']);
    expect(problems).toEqual([expect.stringMatching(problem)]);
    await rig.settle();
    expect(rig.log).toHaveLength(1);
  });

  it('verifies a grant once, however often the file around it changes', async () => {
    const verify = vi.spyOn(crypto.subtle, 'verify');
    const first = { jws: await sign(approver, GRANT, TYP) };
    const { rig, names } = await open([first]);
    const before = verify.mock.calls.length;
    const second = { jws: await sign(approver, { ...GRANT, name: 'INC-2' }, TYP) };
    writeFileSync(grants_file, JSON.stringify([second, first]));
    await rig.settle();
    expect(names()).toEqual(['in-policy', 'INC-2', 'INC-1']);
    expect(verify.mock.calls.length - before).toBe(1);
  });
});
