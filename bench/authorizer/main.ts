/**
 * What deciding about a token costs: one whose signature has to be verified against one that was verified before. CPU of
 * the whole process, other threads included, since that is where signatures are verified.
 */
import { generateKeyPairSync, type KeyObject, randomUUID } from 'node:crypto';
import { parseArgs } from 'node:util';
import { SignJWT } from 'jose';
import { authorizerFields } from '../../src/authorizer/config.ts';
import { createAuthorizerStage } from '../../src/authorizer/create-authorizer-stage.ts';
import { createAuthorizerResources } from '../../src/authorizer/resources.ts';
import { parseConfig } from '../../src/core/config/parse-config.ts';
import type { Stage } from '../../src/core/stage.ts';

const ISSUER = 'https://idp.example';
const AUDIENCE = 'https://tasks.example.com';
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '7' },
    requests: { type: 'string', default: '4000' },
    json: { type: 'boolean', default: false },
  },
});
const rounds = Number(values.rounds);
const requests = Number(values.requests);

const KEYS = {
  RS256: generateKeyPairSync('rsa', { modulusLength: 2048 }),
  ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  EdDSA: generateKeyPairSync('ed25519'),
};
type Algorithm = keyof typeof KEYS;
const ALGORITHMS = Object.keys(KEYS) as Algorithm[];

function createStage(): Stage {
  const keys = ALGORITHMS.map((alg) => {
    const key: KeyObject = KEYS[alg].publicKey;
    return { ...key.export({ format: 'jwk' }), kid: alg, alg, use: 'sig' };
  });
  const resources = createAuthorizerResources({
    clock: Date.now,
    fetch: async () => Response.json({ keys }),
    logger: console,
  });
  const issuers = [{ issuer: ISSUER, audiences: [AUDIENCE], jwks_uri: `${ISSUER}/keys` }];
  const config = parseConfig(authorizerFields, { issuers, required_scopes: ['tasks:read'] });
  return createAuthorizerStage(config, resources);
}

function sign(alg: Algorithm): Promise<string> {
  const claims = {
    scope: 'tasks:read tasks:write',
    groups: ['qa-leads', 'engineering'],
    email: 'alice@example.com',
    email_verified: true,
    acr: 'mfa',
    amr: ['pwd', 'mfa'],
    client_id: 'tasks-web',
  };
  return new SignJWT(claims)
    .setProtectedHeader({ alg, kid: alg, typ: 'at+jwt' })
    .setIssuer(ISSUER)
    .setAudience(AUDIENCE)
    .setSubject('alice')
    .setIssuedAt()
    .setExpirationTime('1h')
    .setJti(randomUUID())
    .sign(KEYS[alg].privateKey);
}

/** @returns microseconds of CPU for each token */
async function cost(stage: Stage, tokens: readonly string[]): Promise<number> {
  const before = process.cpuUsage();
  for (const token of tokens) {
    const outcome = await stage.run({ headers: { authorization: `Bearer ${token}` } });
    if (outcome.outcome !== 'continue') throw new Error('a token was refused');
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / tokens.length;
}

function median(samples: readonly number[]): number {
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

const results = [];
for (const alg of ALGORITHMS) {
  const anew: number[] = [];
  const again: number[] = [];
  for (let round = 0; round <= rounds; round += 1) {
    const tokens = await Promise.all(Array.from({ length: requests }, () => sign(alg)));
    const repeated = Array.from({ length: 10 * requests }, (_, index) => tokens[index % 100] ?? '');
    const stage = createStage();
    // The first round warms up.
    const [first, second] = [await cost(stage, tokens), await cost(stage, repeated)];
    if (round === 0) continue;
    anew.push(first);
    again.push(second);
  }
  results.push({
    alg,
    verified_anew_us: median(anew),
    verified_before_us: median(again),
    ratio: median(anew.map((sample, round) => sample / (again[round] ?? Number.NaN))),
  });
}

if (values.json) {
  console.log(JSON.stringify(results));
} else {
  console.log('algorithm  verified anew, µs CPU  verified before, µs CPU  anew/before');
  for (const { alg, verified_anew_us, verified_before_us, ratio } of results) {
    const cells = [alg.padEnd(9), verified_anew_us.toFixed(1).padStart(22)];
    cells.push(verified_before_us.toFixed(2).padStart(24), ratio.toFixed(1).padStart(12));
    console.log(cells.join(' '));
  }
}
process.exit(0);
