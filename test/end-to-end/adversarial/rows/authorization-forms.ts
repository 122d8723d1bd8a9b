import {
  authorization,
  invalidToken,
  MALFORMED_CREDENTIALS,
  MISSING_TOKEN,
  PASSES,
  type Row,
  refusedByGateway,
  refusedWithoutChallenge,
} from '../row.ts';
import type { Scene } from '../scene.ts';

function form(name: string, value: (token: string) => string, expected: Row['expected']): Row {
  return { name, request: (scene) => authorization(value(scene.token())), expected };
}

const withToken = (request: (token: string) => ReturnType<Row['request']>) => (scene: Scene) =>
  request(scene.token());

/** How a request says who is asking (RFC 6750 §2.1, RFC 9110 §11.4). The token itself is good. */
export const authorizationForms: Row[] = [
  form('a good token, so that the others are refused for their own fault', bearer, PASSES),
  form('the scheme in lower case', (token) => `bearer ${token}`, PASSES),
  form('the scheme in mixed case', (token) => `bEaReR ${token}`, PASSES),
  form('two spaces after the scheme', (token) => `Bearer  ${token}`, PASSES),
  form('spaces around everything', (token) => `  Bearer ${token}  `, PASSES),
  { name: 'no credentials', request: () => ({}), expected: MISSING_TOKEN },
  form('empty credentials', () => '', MISSING_TOKEN),
  form('a scheme without a token', () => 'Bearer', MALFORMED_CREDENTIALS),
  form('a scheme and spaces', () => 'Bearer   ', MALFORMED_CREDENTIALS),
  form('a token without a scheme', (token) => token, MISSING_TOKEN),
  form('a scheme that runs into the token', (token) => `Bearer${token}`, MISSING_TOKEN),
  form('a tab after the scheme', (token) => `Bearer\t${token}`, MALFORMED_CREDENTIALS),
  form('a colon after the scheme', (token) => `Bearer: ${token}`, MALFORMED_CREDENTIALS),
  form('a token in quotes', (token) => `Bearer "${token}"`, MALFORMED_CREDENTIALS),
  form(
    'a parameter in place of a token',
    (token) => `Bearer token=${token}`,
    MALFORMED_CREDENTIALS,
  ),
  form('the scheme DPoP without a token', () => 'DPoP', {
    ...MALFORMED_CREDENTIALS,
    challenge: ['DPoP ', 'error="invalid_request"'],
  }),
  form('two tokens', (token) => `Bearer ${token} ${token}`, MALFORMED_CREDENTIALS),
  form('two credentials in one header', (t) => `Bearer ${t}, Bearer ${t}`, MALFORMED_CREDENTIALS),
  form(
    'Basic joined with a token',
    (token) => `Basic YTpi, Bearer ${token}`,
    MALFORMED_CREDENTIALS,
  ),
  form(
    'a token joined with Basic',
    (token) => `Bearer ${token}, Basic YTpi`,
    MALFORMED_CREDENTIALS,
  ),
  form('an empty element before the token', (token) => `,Bearer ${token}`, MALFORMED_CREDENTIALS),
  form('a comma after the token', (token) => `Bearer ${token},`, MALFORMED_CREDENTIALS),
  form('a semicolon after the token', (token) => `Bearer ${token};`, MALFORMED_CREDENTIALS),
  form('a percent-encoded token', (t) => `Bearer ${t.replace('.', '%2E')}`, MALFORMED_CREDENTIALS),
  form('UTF-8 in the token', (token) => `Bearer ${token}\xc3\xa9`, MALFORMED_CREDENTIALS),
  {
    name: 'bytes that are not UTF-8 in the token',
    request: withToken((token) => authorization(`Bearer ${token}\xa0`)),
    expected: refusedWithoutChallenge('invalid_request'),
    onStock: {
      expected: MALFORMED_CREDENTIALS,
      because: 'it reads each header by itself, and the one that is damaged is Authorization',
    },
  },
  form('the token under Basic', (token) => `Basic ${token}`, MISSING_TOKEN),
  form('the token under Token', (token) => `Token ${token}`, MISSING_TOKEN),
  form('the token under JWT', (token) => `JWT ${token}`, MISSING_TOKEN),
  form('the token under a scheme that begins alike', (t) => `Bearer-Token ${t}`, MISSING_TOKEN),
  form('the token after Basic without a comma', (t) => `Basic YTpi Bearer ${t}`, MISSING_TOKEN),
  {
    name: 'two Authorization headers',
    request: withToken((token) => ({
      headers: [
        ['Authorization', bearer(token)],
        ['Authorization', bearer(token)],
      ],
    })),
    expected: refusedByGateway(),
  },
  {
    name: 'a second Authorization header that is another',
    request: withToken((token) => ({
      headers: [
        ['Authorization', 'Basic YTpi'],
        ['authorization', bearer(token)],
      ],
    })),
    expected: refusedByGateway(),
  },
  {
    name: 'the token in Proxy-Authorization',
    request: withToken((token) => ({ headers: [['Proxy-Authorization', bearer(token)]] })),
    expected: MISSING_TOKEN,
  },
  {
    name: 'the token in X-Serverless-Authorization',
    request: withToken((token) => ({ headers: [['X-Serverless-Authorization', bearer(token)]] })),
    expected: MISSING_TOKEN,
  },
  {
    name: 'the token in a cookie',
    request: withToken((token) => ({ headers: [['Cookie', `access_token=${token}`]] })),
    expected: MISSING_TOKEN,
  },
  {
    name: 'the token in the query (RFC 6750 §2.3)',
    request: withToken((token) => ({ path: `/plain?access_token=${token}` })),
    expected: MISSING_TOKEN,
  },
  {
    name: 'the token in the body (RFC 6750 §2.2)',
    request: withToken((token) => ({
      method: 'POST',
      headers: [['Content-Type', 'application/x-www-form-urlencoded']],
      body: `access_token=${token}`,
    })),
    expected: MISSING_TOKEN,
  },
  {
    name: 'a space before the colon of the header',
    request: withToken((token) => ({ headers: [['Authorization ', bearer(token)]] })),
    expected: refusedByGateway(),
  },
  {
    name: 'a header that is folded',
    request: withToken((token) => authorization(`Bearer\r\n ${token}`)),
    expected: refusedByGateway(),
  },
  {
    name: 'NUL in the header',
    request: withToken((token) => authorization(`Bearer ${token}\0`)),
    expected: refusedByGateway(),
  },
  form(
    'a long text that is no token',
    () => `Bearer ${'a'.repeat(7_900)}`,
    invalidToken('malformed'),
  ),
  form('a text longer than any header', () => `Bearer ${'a'.repeat(20_000)}`, refusedByGateway()),
  {
    name: 'an empty token where anyone may come',
    route: 'anonymous',
    request: () => authorization('Bearer '),
    expected: MALFORMED_CREDENTIALS,
  },
  {
    name: 'a bad token where anyone may come',
    route: 'anonymous',
    request: () => authorization('Bearer a.b.c'),
    expected: invalidToken('malformed'),
  },
  {
    name: 'Basic joined with a bad token where anyone may come',
    route: 'anonymous',
    request: () => authorization('Basic YTpi, Bearer a.b.c'),
    expected: MALFORMED_CREDENTIALS,
  },
];

function bearer(token: string): string {
  return `Bearer ${token}`;
}
