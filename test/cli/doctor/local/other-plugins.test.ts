import { describe, expect, it } from 'vitest';
import type { Check } from '../../../../src/cli/doctor/check.ts';
import { checkCaching } from '../../../../src/cli/doctor/local/check-caching.ts';
import { checkCredentialHeader } from '../../../../src/cli/doctor/local/check-credential-header.ts';
import { checkFunctions } from '../../../../src/cli/doctor/local/check-functions.ts';
import { checkHeaderChanges } from '../../../../src/cli/doctor/local/check-header-changes.ts';
import { checkOtherAuthentication } from '../../../../src/cli/doctor/local/check-other-authentication.ts';
import { checkPreflight } from '../../../../src/cli/doctor/local/check-preflight.ts';
import { AUTHORIZER, CHAIN, EVALUATOR, type RouteText, TOKEN, told } from '../support.ts';

/** What a check says of the chain with one more plugin beside it, but for the text behind the severity and the start. */
async function beside(check: Check, plugin: string, more: RouteText = {}): Promise<string[]> {
  return told(check, { plugins: [...CHAIN, plugin], ...more });
}

describe('the check header-changes', () => {
  const transformer = (config: string) => `{ name: request-transformer, config: { ${config} } }`;

  it.each([
    [
      'replace: { headers: ["X-Authenticated-Subject:root"] }',
      'error: request-transformer writes x-authenticated-subject',
    ],
    [
      'add: { headers: ["x_authenticated_subject:root"] }',
      'error: request-transformer writes x-authenticated-subject',
    ],
    [
      'rename: { headers: ["X-Foo:X-Authenticated-Email"] }',
      'error: request-transformer writes x-authenticated-email',
    ],
    [
      'remove: { headers: [X-Authenticated-Email] }',
      'warning: request-transformer removes x-authenticated-email',
    ],
    [
      'replace: { headers: ["Authorization:Basic x"] }',
      'warning: request-transformer gives the service another Authorization',
    ],
    [
      'remove: { headers: [Authorization] }',
      'info: request-transformer gives the service no Authorization',
    ],
    [
      'remove: { headers: [X-Serverless-Authorization] }',
      'info: request-transformer changes X-Serverless-Authorization without effect',
    ],
    ['replace: { uri: /other }', 'warning: request-transformer changes the path'],
  ])('tells of %s', async (config, start) => {
    const found = await beside(checkHeaderChanges, transformer(config));
    expect(found).toHaveLength(1);
    expect(found[0]?.startsWith(start), found[0]).toBe(true);
  });

  it('says nothing of other headers', async () => {
    const plugin = transformer('add: { headers: ["X-Team:a"] }, remove: { headers: [Cookie] }');
    expect(await beside(checkHeaderChanges, plugin)).toEqual([]);
  });

  it('does not repeat a value', async () => {
    const found = await beside(
      checkHeaderChanges,
      transformer('add: { headers: ["Authorization:Bearer s3cret"] }'),
    );
    expect(found).toHaveLength(1);
    expect(found.join()).not.toContain('s3cret');
  });
});

describe('the check functions', () => {
  const lua = (name: string, text: string) => `{ name: ${name}, config: { access: ['${text}'] } }`;

  it.each([
    [
      lua('pre-function', 'kong.ctx.shared.policy_decision = "x"'),
      'error: pre-function names the verdicts',
    ],
    [
      lua('post-function', 'kong.service.request.clear_header("X-Serverless-Authorization")'),
      'error: post-function runs behind cloud-run-token',
    ],
    [
      lua('post-function', 'kong.service.request.set_header("host", "x")'),
      'error: post-function runs behind cloud-run-token and seems to change Host',
    ],
    [
      lua('pre-function', 'kong.service.request.set_header("Authorization", x)'),
      'warning: pre-function runs before oidc-authorizer',
    ],
  ])('tells of %s', async (plugin, start) => {
    const found = await beside(checkFunctions, plugin);
    expect(found).toHaveLength(1);
    expect(found[0]?.startsWith(start), found[0]).toBe(true);
  });

  it('says nothing of Lua that touches none of it', async () => {
    expect(await beside(checkFunctions, lua('pre-function', 'kong.log("Authorization")'))).toEqual(
      [],
    );
    expect(
      await beside(
        checkFunctions,
        lua('post-function', 'kong.service.request.set_header("X-A", "b")'),
      ),
    ).toEqual([]);
  });
});

describe('the check other-authentication', () => {
  it.each([
    ['{ name: jwt }', 'warning: jwt judges the same bearer token'],
    ['{ name: basic-auth }', 'error: basic-auth wants credentials of its own'],
    ['{ name: basic-auth, config: { anonymous: guest } }', 'warning: basic-auth wants'],
    [
      '{ name: ldap-auth, config: { hide_credentials: true } }',
      'error: ldap-auth runs before oidc-authorizer and removes',
    ],
    ['{ name: hmac-auth, config: { hide_credentials: true } }', 'error: hmac-auth wants'],
    ['{ name: openid-connect }', 'warning: openid-connect may put another token'],
    ['{ name: key-auth, config: { key_names: [Authorization] } }', 'error: key-auth wants'],
    ['{ name: oauth2, config: { hide_credentials: true } }', 'error: oauth2 runs before'],
  ])('tells of %s', async (plugin, start) => {
    const found = await beside(checkOtherAuthentication, plugin);
    expect(found).toHaveLength(1);
    expect(found[0]?.startsWith(start), found[0]).toBe(true);
  });

  it('says nothing of a key in a header of its own', async () => {
    expect(
      await beside(
        checkOtherAuthentication,
        '{ name: key-auth, config: { hide_credentials: true } }',
      ),
    ).toEqual([]);
  });
});

describe('the check caching', () => {
  it.each(['proxy-cache', 'proxy-cache-advanced'])(
    'reports %s, which tells no callers apart',
    async (name) => {
      expect(await beside(checkCaching, `{ name: ${name} }`)).toEqual([
        `error: ${name} gives one caller what was answered to another: its cache does not tell them apart.`,
      ]);
    },
  );

  it('is content where the token tells them apart', async () => {
    const plugin = '{ name: proxy-cache, config: { vary_headers: [authorization] } }';
    expect(await beside(checkCaching, plugin)).toEqual([]);
  });

  it('warns where consumers do', async () => {
    const authorizer = AUTHORIZER.replace('issuers', 'consumer_claim: sub, issuers');
    const plugins = [authorizer, EVALUATOR, TOKEN, '{ name: proxy-cache }'];
    expect(await told(checkCaching, { plugins })).toEqual([
      expect.stringMatching(/^warning: .*"sub"/),
    ]);
  });
});

describe('the check preflight', () => {
  it.each([
    [
      '{ name: cors }',
      { route: 'methods: [GET, POST]' },
      'warning: cors is to answer preflights, but',
    ],
    [
      '{ name: cors, config: { preflight_continue: true } }',
      {},
      'warning: cors passes preflights on',
    ],
    ['{ name: request-termination }', {}, 'info: request-termination answers'],
  ])('tells of %s', async (plugin, more, start) => {
    const found = await beside(checkPreflight, plugin, more);
    expect(found).toHaveLength(1);
    expect(found[0]?.startsWith(start), found[0]).toBe(true);
  });

  it('warns of preflights that one plugin lets go on and the next refuses', async () => {
    const authorizer = AUTHORIZER.replace('issuers', 'run_on_preflight: false, issuers');
    const plugins = [authorizer, EVALUATOR, TOKEN];
    expect(await told(checkPreflight, { plugins })).toEqual([
      expect.stringMatching(/^warning: oidc-authorizer lets preflights/),
    ]);
  });

  it('is content with cors before the chain', async () => {
    expect(await beside(checkPreflight, '{ name: cors }')).toEqual([]);
  });
});

describe('the check credential-header', () => {
  it("says where the caller's token goes", async () => {
    expect(await told(checkCredentialHeader, {})).toEqual([
      "info: The caller's own token goes on to the service.",
    ]);
  });

  it('says nothing where it is hidden', async () => {
    const authorizer = AUTHORIZER.replace('issuers', 'hide_credentials: true, issuers');
    expect(await told(checkCredentialHeader, { plugins: [authorizer, EVALUATOR, TOKEN] })).toEqual(
      [],
    );
  });

  it('says where the ID token takes its place', async () => {
    const token = '{ name: cloud-run-token, config: { header: Authorization } }';
    const found = await told(checkCredentialHeader, { plugins: [AUTHORIZER, EVALUATOR, token] });
    expect(found).toEqual([
      expect.stringContaining("takes the place of the caller's Authorization"),
    ]);
  });
});
