import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  ACTIVE,
  type Answer,
  answer,
  createHarness,
  ENDPOINT,
  failing,
  NOW,
  settingsOf,
  unavailable,
} from './support.ts';

describe('the request', () => {
  it('posts the token in a form, and the credentials as configured', async () => {
    const { introspect, requests } = createHarness();
    await introspect('a+b/c=');
    expect(requests).toHaveLength(1);
    const [request] = requests;
    expect(request?.url).toBe(ENDPOINT);
    expect(request?.init).toMatchObject({
      method: 'POST',
      redirect: 'manual',
      body: 'token=a%2Bb%2Fc%3D&token_type_hint=access_token',
    });
    expect(Object.fromEntries(request?.headers ?? [])).toEqual({
      accept: 'application/json',
      authorization: `Basic ${Buffer.from('gateway:the-secret').toString('base64')}`,
      'content-type': 'application/x-www-form-urlencoded',
    });
    expect(Object.fromEntries(request?.form ?? [])).toEqual({
      token: 'a+b/c=',
      token_type_hint: 'access_token',
    });
  });

  it('carries the secret in the form alone for client_secret_post', async () => {
    const { introspect, requests } = createHarness();
    await introspect('token', settingsOf({ client_auth_method: 'client_secret_post' }));
    expect(Object.fromEntries(requests[0]?.form ?? [])).toEqual({
      token: 'token',
      token_type_hint: 'access_token',
      client_id: 'gateway',
      client_secret: 'the-secret',
    });
    expect(requests[0]?.headers.has('authorization')).toBe(false);
  });

  it('is refused before it is sent where the settings cannot be used', async () => {
    const { introspect, peek, requests } = createHarness();
    const settings = settingsOf({ client_auth_method: 'private_key_jwt', client_key: 'hunter2' });
    await expect(introspect('token', settings)).rejects.toThrow('introspection.client_key');
    expect(() => peek('token', settings)).toThrow('introspection.client_key');
    expect(requests).toEqual([]);
  });
});

describe('an answer that is understood', () => {
  it.each<[string, Answer, object]>([
    ['active: true', answer({ active: true }), { outcome: 'active', claims: {} }],
    [
      'active: true with claims, which come without it',
      answer({ ...ACTIVE, exp: NOW + 60.5, nested: { list: [1, null] } }),
      {
        outcome: 'active',
        claims: { sub: 'alice', aud: ACTIVE.aud, exp: NOW + 60.5, nested: { list: [1, null] } },
      },
    ],
    [
      'active: true for a token that has expired, which is for the claims to say',
      answer({ active: true, exp: 0 }),
      { outcome: 'active', claims: { exp: 0 } },
    ],
    [
      'active: true with another content type',
      answer({ active: true }, 200, { 'content-type': 'text/plain' }),
      { outcome: 'active', claims: {} },
    ],
    ['active: false', answer({ active: false }), { outcome: 'inactive' }],
    [
      'active: false with claims, which are nothing then',
      answer({ active: false, sub: 'alice', exp: 'never' }),
      { outcome: 'inactive' },
    ],
  ])('says %s', async (_what, response, result) => {
    const { introspect, lines } = createHarness(response);
    expect(await introspect()).toEqual(result);
    expect(lines).toEqual([]);
  });

  it('cannot be changed by whoever reads it', async () => {
    const { introspect } = createHarness(answer({ active: true, groups: ['staff'], o: { a: 1 } }));
    const result = await introspect();
    const claims = result.outcome === 'active' ? result.claims : {};
    expect(() => Object.assign(claims, { sub: 'root' })).toThrow(TypeError);
    expect(() => Object.assign(Object(claims.o), { a: 2 })).toThrow(TypeError);
    expect(() => Array.isArray(claims.groups) && claims.groups.push('admins')).toThrow(TypeError);
  });

  it('keeps a member called __proto__ a mere member', async () => {
    const { introspect } = createHarness(answer('{"active":true,"__proto__":{"sub":"root"}}'));
    const result = await introspect();
    expect(result.outcome === 'active' && result.claims.sub).toBeUndefined();
  });
});

const NOT_JSON = 'the answer is not a JSON object';
const NO_ACTIVE = 'the answer has no boolean active';
const BAD_EXP = 'the answer has an exp that is not a number';
const refuses = (status: string) =>
  `the endpoint refuses this gateway as a client with status ${status}: check client_id, client_auth_method, the secret or key, and whether the client may introspect`;

function endless(): Answer {
  return () => {
    const pull = (controller: ReadableStreamDefaultController<Uint8Array>) =>
      controller.enqueue(new Uint8Array(65_536).fill(0x20));
    return new Response(new ReadableStream<Uint8Array>({ pull }));
  };
}

function brokenOff(): Answer {
  return () => {
    const pull = (controller: ReadableStreamDefaultController<Uint8Array>) => {
      controller.enqueue(Buffer.from('{"active":true'));
      controller.error(new TypeError('terminated: {"active":true'));
    };
    return new Response(new ReadableStream<Uint8Array>({ pull }));
  };
}

describe('an answer that is not', () => {
  it.each<[string, Answer, string]>([
    ['is empty', answer(''), NOT_JSON],
    ['has no body', () => new Response(null), NOT_JSON],
    ['is HTML', answer('<html>active: true</html>'), NOT_JSON],
    ['is true', answer('true'), NOT_JSON],
    ['is null', answer('null'), NOT_JSON],
    ['is a list', answer([{ active: true }]), NOT_JSON],
    ['is text', answer('"{\\"active\\":true}"'), NOT_JSON],
    ['is two objects', answer('{"active":true}{"active":false}'), NOT_JSON],
    ['is cut off', answer('{"active":true'), NOT_JSON],
    ['has a comment', answer('{"active":true}//'), NOT_JSON],
    ['has a byte order mark', answer('\ufeff{"active":true}'), NOT_JSON],
    ['says active twice', answer('{"active":false,"active":true}'), NOT_JSON],
    ['says it twice in disguise', answer('{"active":false,"\\u0061ctive":true}'), NOT_JSON],
    ['says sub twice', answer('{"active":true,"sub":"a","sub":"root"}'), NOT_JSON],
    ['has half a surrogate pair', answer('{"active":true,"sub":"\\ud800"}'), NOT_JSON],
    [
      'is not UTF-8',
      () => new Response(Buffer.from('{"active":true,"sub":"\xff"}', 'latin1')),
      NOT_JSON,
    ],
    [
      'is nested without end',
      answer(`{"active":true,"a":${'['.repeat(65)}${']'.repeat(65)}}`),
      NOT_JSON,
    ],
    ['is a JWT (RFC 9701)', answer('eyJhbGciOiJub25lIn0.eyJhY3RpdmUiOnRydWV9.'), NOT_JSON],
    ['is an empty object', answer({}), NO_ACTIVE],
    ['has claims alone', answer({ sub: 'alice', exp: NOW + 60 }), NO_ACTIVE],
    ['says active: "true"', answer({ active: 'true' }), NO_ACTIVE],
    ['says active: "false"', answer({ active: 'false' }), NO_ACTIVE],
    ['says active: 1', answer({ active: 1 }), NO_ACTIVE],
    ['says active: 0', answer({ active: 0 }), NO_ACTIVE],
    ['says active: null', answer({ active: null }), NO_ACTIVE],
    ['says active: [true]', answer({ active: [true] }), NO_ACTIVE],
    ['says active: {}', answer({ active: {} }), NO_ACTIVE],
    ['says Active: true', answer({ Active: true }), NO_ACTIVE],
    ['says it inside', answer({ token: { active: true } }), NO_ACTIVE],
    ['says it in a prototype', answer('{"__proto__":{"active":true}}'), NO_ACTIVE],
    ['has an exp that is text', answer({ active: true, exp: String(NOW + 60) }), BAD_EXP],
    ['has an exp that is null', answer({ active: true, exp: null }), BAD_EXP],
    ['has an exp that is a list', answer({ active: true, exp: [NOW + 60] }), BAD_EXP],
    ['has an exp without end', answer('{"active":true,"exp":1e400}'), BAD_EXP],
    [
      'is larger than 32 KiB',
      answer({ active: true, padding: 'a'.repeat(32_768) }),
      'the answer is larger than 32768 bytes',
    ],
    ['never ends', endless(), 'the answer is larger than 32768 bytes'],
    ['breaks off', brokenOff(), 'the request failed'],
    ['has status 201', answer(ACTIVE, 201), 'the endpoint answered with status 201'],
    [
      'has status 204',
      () => new Response(null, { status: 204 }),
      'the endpoint answered with status 204',
    ],
    ['has status 206', answer(ACTIVE, 206), 'the endpoint answered with status 206'],
    [
      'is a redirect',
      () => Response.redirect('https://evil.example/', 307),
      'the endpoint answered with status 307',
    ],
    ['has status 404', answer(ACTIVE, 404), 'the endpoint answered with status 404'],
    ['has status 429', answer(ACTIVE, 429), 'the endpoint answered with status 429'],
    ['has status 500', answer(ACTIVE, 500), 'the endpoint answered with status 500'],
    ['has status 503', answer(ACTIVE, 503), 'the endpoint answered with status 503'],
    ['has status 400', answer(ACTIVE, 400), 'the endpoint answered with status 400'],
    [
      'refuses the token',
      answer({ error: 'unsupported_token_type' }, 400),
      'the endpoint answered with status 400 (unsupported_token_type)',
    ],
    [
      'refuses the request with words of its own',
      answer({ error: 'token the-secret' }, 400),
      'the endpoint answered with status 400',
    ],
    [
      'refuses the client',
      answer({ error: 'invalid_client' }, 401),
      refuses('401 (invalid_client)'),
    ],
    [
      'refuses the client with status 400',
      answer({ error: 'invalid_client' }, 400),
      refuses('400 (invalid_client)'),
    ],
    ['refuses the client without a word', answer('', 401), refuses('401')],
    ['refuses the client in HTML', answer('<html>', 401), refuses('401')],
    [
      'refuses the client without end',
      (sent) => {
        const response = endless()(sent);
        return response instanceof Response
          ? new Response(response.body, { status: 401 })
          : response;
      },
      refuses('401'),
    ],
    [
      'forbids the client to ask',
      answer({ error: 'access_denied' }, 403),
      refuses('403 (access_denied)'),
    ],
    ['does not come: refused', failing('ECONNREFUSED'), 'the request failed: ECONNREFUSED'],
    ['does not come: reset', failing('ECONNRESET'), 'the request failed: ECONNRESET'],
    ['does not come: unknown host', failing('ENOTFOUND'), 'the request failed: ENOTFOUND'],
    [
      'does not come: bad certificate',
      failing('DEPTH_ZERO_SELF_SIGNED_CERT'),
      'the request failed: DEPTH_ZERO_SELF_SIGNED_CERT',
    ],
    ['does not come: a code that tells a secret', failing('token=abc'), 'the request failed'],
    [
      'does not come: fetch throws whatever it likes',
      () => {
        throw 'token=abc';
      },
      'the request failed',
    ],
  ])('refuses where it %s, and the log says why', async (_what, response, reason) => {
    const { introspect, lines } = createHarness(response);
    expect(await introspect('the-token')).toEqual(unavailable());
    expect(lines).toEqual([
      {
        level: 'warn',
        fields: { endpoint: ENDPOINT, client_id: 'gateway', reason },
        message: 'tokens cannot be introspected',
      },
    ]);
    expect(JSON.stringify(lines)).not.toMatch(/the-secret|the-token/);
  });

  it('is asked for once more where the connection was closed, with an assertion of its own', async () => {
    const { privateKey } = generateKeyPairSync('ed25519');
    const settings = settingsOf({
      client_auth_method: 'private_key_jwt',
      client_key: privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
    });
    const { introspect, requests, lines } = createHarness((request) =>
      requests.length === 1 ? failing('UND_ERR_SOCKET')(request) : answer(ACTIVE)(request),
    );
    expect(await introspect('token', settings)).toMatchObject({ outcome: 'active' });
    expect(lines).toEqual([]);
    const assertions = requests.map(({ form }) => form.get('client_assertion'));
    expect(new Set(assertions).size).toBe(2);
  });

  it('does not show a query of the endpoint in the log', async () => {
    const { introspect, lines } = createHarness(failing('ECONNREFUSED'));
    await introspect('token', settingsOf({ endpoint: `${ENDPOINT}?api_key=the-key` }));
    expect(lines[0]?.fields.endpoint).toBe(ENDPOINT);
  });
});
