import { describe, expect, it } from 'vitest';
import { readExecutableResponse } from '../../../../../src/core/google/sources/subject-token/read-executable-response.ts';
import type { JsonObject } from '../../../../../src/core/json.ts';
import { failureOf, SECRET } from './support.ts';

const JWT = 'urn:ietf:params:oauth:token-type:jwt';
const SAML = 'urn:ietf:params:oauth:token-type:saml2';
const NOW_SECONDS = Date.UTC(2026, 10, 23, 9) / 1000;

const response = (changes: JsonObject = {}) => ({
  version: 1,
  success: true,
  token_type: JWT,
  id_token: SECRET,
  ...changes,
});

async function read(
  json: unknown,
  { subject_token_type = JWT, must_expire = false } = {},
): Promise<string> {
  const text = typeof json === 'string' ? json : JSON.stringify(json);
  const clock = () => NOW_SECONDS * 1000 + 999;
  return readExecutableResponse(text, { subject_token_type, must_expire, clock });
}

describe("an executable's response", () => {
  it('gives the OIDC token', async () => {
    expect(await read(response())).toBe(SECRET);
  });

  it('gives the SAML response', async () => {
    const saml = { token_type: SAML, saml_response: SECRET, id_token: 'other' };
    expect(await read(response(saml), { subject_token_type: SAML })).toBe(SECRET);
  });

  it('is good until the second in which it expires', async () => {
    const inASecond = response({ expiration_time: NOW_SECONDS + 1 });
    expect(await read(inASecond, { must_expire: true })).toBe(SECRET);
    const now = response({ expiration_time: NOW_SECONDS });
    expect(await failureOf(read(now))).toBe("the executable's response is expired");
  });

  it('must tell its expiration where it is kept in a file', async () => {
    const reason = await failureOf(read(response(), { must_expire: true }));
    expect(reason).toContain('has no number in expiration_time');
  });

  const OTHER_TYPE = 'has another token_type';
  it.each([
    ['nothing', '', 'is not a JSON object'],
    ['no JSON', SECRET, 'is not a JSON object'],
    ['JSON with something behind it', `${JSON.stringify(response())} x`, 'is not a JSON object'],
    ['a list', [SECRET], 'is not a JSON object'],
    ['deep nesting', '['.repeat(60_000), 'is not a JSON object'],
    ['no version', { ...response(), version: undefined }, 'is not of version 1'],
    ['a later version', response({ version: 2 }), 'is not of version 1'],
    ['a version in words', response({ version: '1' }), 'is not of version 1'],
    ['no success', { ...response(), success: undefined }, 'does not tell success'],
    ['a success in words', response({ success: 'false' }), 'does not tell success'],
    ['no type', { ...response(), token_type: undefined }, OTHER_TYPE],
    ['another type', response({ token_type: SAML, saml_response: SECRET }), OTHER_TYPE],
    ['an expiration in words', response({ expiration_time: '9999999999' }), 'has no number'],
    ['no expiration but null', response({ expiration_time: null }), 'has no number'],
    ['the past', response({ expiration_time: 1 }), 'is expired'],
    ['no token', { ...response(), id_token: undefined }, 'has no token in id_token'],
    ['an empty token', response({ id_token: '' }), 'has no token in id_token'],
    ['a token with a line break', response({ id_token: `${SECRET}\n` }), 'has no token'],
    ['a token in an object', response({ id_token: { SECRET } }), 'has no token in id_token'],
  ])('is refused with %s', async (_, json, problem) => {
    expect(await failureOf(read(json))).toContain(`the executable's response ${problem}`);
  });

  it('tells a failure by its code, without the message', async () => {
    const failure = { version: 1, success: false, code: '401', message: `no ${SECRET}` };
    expect(await failureOf(read(failure))).toBe('the executable has no token: code 401');
  });

  it.each([[`${SECRET}.${SECRET}`], ['401\nforged log line'], ['x'.repeat(21)], [7], [undefined]])(
    'leaves out the code %j',
    async (code) => {
      const failure = { version: 1, success: false, code, message: 'x' };
      expect(await failureOf(read(failure))).toBe('the executable has no token');
    },
  );
});
