import { describe, expect, it } from 'vitest';
import { renderRefusal } from '../../../src/kong/render-refusal.ts';
import {
  configOf,
  createHarness,
  createKey,
  goodToken,
  ISSUER,
  JWKS_URI,
  keySet,
  summary,
} from '../support.ts';

const key = createKey('ES256', 'key');
const RESOURCE = 'https://api.example.com/tasks';
const PATH = '/.well-known/oauth-protected-resource/tasks';

function setUp(resource_metadata: Record<string, unknown> = {}, changes = {}) {
  const config = configOf({
    required_scopes: ['tasks:read'],
    resource_metadata: { resource: RESOURCE, ...resource_metadata },
    ...changes,
  });
  const { stage } = createHarness(config, { [JWKS_URI]: keySet(key) });
  return async (request_uri: string, { method = 'GET', headers = {} } = {}) =>
    stage.run({ method, request_uri, headers });
}

function challengeOf(outcome: Awaited<ReturnType<ReturnType<typeof setUp>>>) {
  if (outcome.outcome !== 'refuse') throw new Error('not refused');
  return renderRefusal(outcome.refusal).headers['WWW-Authenticate'];
}

describe('protected resource metadata', () => {
  it('are served without a token, to clients in browsers too', async () => {
    const outcome = await setUp()(PATH);
    expect(outcome).toMatchObject({
      outcome: 'respond',
      status: 200,
      headers: { 'Content-Type': 'application/json', 'Access-Control-Allow-Origin': '*' },
    });
    expect(outcome.outcome === 'respond' && JSON.parse(outcome.body)).toEqual({
      resource: RESOURCE,
      authorization_servers: [ISSUER],
      bearer_methods_supported: ['header'],
      scopes_supported: ['tasks:read'],
      dpop_signing_alg_values_supported: ['ES256', 'ES384', 'EdDSA', 'PS256', 'RS256'],
    });
  });

  it('say what is configured', async () => {
    const settings = {
      authorization_servers: ['https://login.example.com'],
      scopes_supported: ['tasks:read', 'tasks:write'],
      resource_name: 'Tasks',
      resource_documentation: 'https://docs.example.com/tasks',
    };
    const outcome = await setUp(settings)(`${PATH}?x=1`);
    expect(outcome.outcome === 'respond' && JSON.parse(outcome.body)).toMatchObject(settings);
  });

  it.each([
    ['https://api.example.com', '/.well-known/oauth-protected-resource'],
    ['https://api.example.com/', '/.well-known/oauth-protected-resource'],
    ['https://api.example.com/a/b/', '/.well-known/oauth-protected-resource/a/b'],
  ])('of %s are at %s', async (resource, path) => {
    expect(await setUp({ resource })(path)).toMatchObject({ status: 200 });
  });

  it.each([
    ['another resource', `${PATH}/7`, 'GET'],
    ['a path that is spelt otherwise', PATH.replace('tasks', '%74asks'), 'GET'],
    ['a path that leads there', `/x/..${PATH}`, 'GET'],
    ['a request that would change them', PATH, 'POST'],
  ])('are not what %s is about', async (_, path, method) => {
    expect(summary(await setUp()(path, { method }))).toBe('missing_token');
  });

  it('are named in every challenge, so that a client finds the authorization server', async () => {
    const ask = setUp();
    const url = `resource_metadata="https://api.example.com${PATH}"`;
    expect(challengeOf(await ask('/tasks/7'))).toBe(
      `Bearer realm="api", scope="tasks:read", ${url}`,
    );
    for (const token of ['x.y.z', goodToken(key, { scope: '' }), goodToken(key, { exp: 1 })]) {
      const headers = { authorization: `Bearer ${token}` };
      expect(challengeOf(await ask('/tasks/7', { headers }))).toContain(url);
    }
  });

  it('need method and target, which are not asked for without them', () => {
    const needsOf = (changes = {}) => createHarness(configOf(changes), {}).stage.needs();
    expect(needsOf().attributes).toEqual(['client_certificate']);
    const needs = needsOf({ resource_metadata: { resource: RESOURCE } });
    expect(needs.attributes).toEqual(['client_certificate', 'method', 'request_uri']);
    expect(needs.with_header).toEqual({ header: 'dpop', attributes: ['forwarded_origin'] });
  });
});
