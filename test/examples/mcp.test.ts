import { describe, expect, it } from 'vitest';
import { authorizerFields } from '../../src/authorizer/config.ts';
import { parseConfig } from '../../src/core/config/parse-config.ts';
import type { Outcome } from '../../src/core/stage.ts';
import { renderRefusal } from '../../src/kong/render-refusal.ts';
import {
  claimsOf,
  createHarness,
  createKey,
  headerOf,
  json,
  keySet,
  reason,
  signToken,
} from '../authorizer/support.ts';
import { verdictOf } from './provider-fixture.ts';
import { decideBy, pluginConfig, readRoute } from './support.ts';

const FILE = 'mcp/kong.yml';
const SERVER = 'https://mcp.example.com/mcp';
const ISSUER = 'https://login.example.com';
const route = readRoute(FILE, 'tickets-mcp');
const key = createKey('ES256', 'key');

function setUp() {
  const config = parseConfig(authorizerFields, pluginConfig(route, 'oidc-authorizer'));
  const harness = createHarness(config, {
    [`${ISSUER}/.well-known/openid-configuration`]: json({
      issuer: ISSUER,
      jwks_uri: `${ISSUER}/keys`,
    }),
    [`${ISSUER}/keys`]: keySet(key),
  });
  const ask = async (url: string, method: string, headers: Record<string, string> = {}) =>
    harness.stage.run({ method, request_uri: new URL(url).pathname, headers });
  return { ask };
}

function tokenFor(aud: string, scope: string): string {
  return signToken(key, headerOf(key), claimsOf({ iss: ISSUER, aud, scope }));
}

/** The parameters of the challenge that a client got. */
function challengeOf(outcome: Outcome): { status: number; parameters: Record<string, string> } {
  if (outcome.outcome !== 'refuse') throw new Error('not refused');
  const { status, headers } = renderRefusal(outcome.refusal);
  const challenge = headers['WWW-Authenticate'] ?? '';
  expect(challenge).toMatch(/^Bearer /);
  const found = [...challenge.matchAll(/(\w+)="([^"]*)"/g)];
  return { status, parameters: Object.fromEntries(found.map(([, name, value]) => [name, value])) };
}

describe('an MCP client that knows nothing but the URL of the server', () => {
  it('finds the authorization server, the resource and the scope to ask for', async () => {
    const { ask } = setUp();
    const { status, parameters } = challengeOf(await ask(SERVER, 'POST'));
    expect(status).toBe(401);
    expect(parameters).toEqual({
      realm: 'api',
      scope: 'tickets:read',
      resource_metadata: 'https://mcp.example.com/.well-known/oauth-protected-resource/mcp',
    });
    const answer = await ask(parameters.resource_metadata ?? '', 'GET');
    if (answer.outcome !== 'respond') throw new Error('no metadata');
    expect(JSON.parse(answer.body)).toMatchObject({
      resource: SERVER,
      authorization_servers: [ISSUER],
      scopes_supported: ['tickets:read', 'tickets:write'],
    });
  });

  it('reaches both over the one route, which takes nothing off the path', () => {
    expect(route.paths).toEqual([
      new URL(SERVER).pathname,
      '/.well-known/oauth-protected-resource/mcp',
    ]);
    expect(route.strip_path).toBe(false);
  });

  it('is let in with a token for this resource, which the server does not get to see', async () => {
    const { ask } = setUp();
    const authorization = `Bearer ${tokenFor(SERVER, 'tickets:read')}`;
    const outcome = await ask(SERVER, 'POST', { authorization });
    expect(outcome).toMatchObject({ remove_headers: ['authorization'] });
    expect(await decideBy(FILE, route, verdictOf(outcome), 'POST /mcp')).toBe('allow');
    expect(await decideBy(FILE, route, verdictOf(outcome), 'POST /mcp-old')).toBe('deny');
  });

  it('is not let in with a token for another MCP server of the same authorization server', async () => {
    const { ask } = setUp();
    const authorization = `Bearer ${tokenFor('https://mcp.example.com/other', 'tickets:read')}`;
    expect(reason(await ask(SERVER, 'POST', { authorization }))).toBe(
      'the audience is not accepted',
    );
  });

  it('learns which scope it lacks', async () => {
    const { ask } = setUp();
    const authorization = `Bearer ${tokenFor(SERVER, 'openid')}`;
    const { status, parameters } = challengeOf(await ask(SERVER, 'POST', { authorization }));
    expect(status).toBe(403);
    expect(parameters).toMatchObject({
      error: 'insufficient_scope',
      scope: 'tickets:read',
      resource_metadata: 'https://mcp.example.com/.well-known/oauth-protected-resource/mcp',
    });
  });
});
