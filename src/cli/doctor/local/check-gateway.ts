import type { Check, DoctorRoute, DoctorSubject, GatewayTarget } from '../check.ts';
import type { Finding } from '../finding.ts';
import {
  createGatewayClient,
  type GatewayClient,
  type RouteRequest,
} from './gateway/gateway-client.ts';
import { judgeAnswer } from './gateway/judge-answer.ts';
import { judgeRefusal, type Observation } from './gateway/judge-refusal.ts';
import { mayTake, requestOfRoute } from './gateway/request-of-route.ts';

const CHECK = 'gateway';

const GARBAGE = 'Bearer cloud-run-auth-doctor';
const UNROUTED: RouteRequest = {
  path: '/cloud-run-auth-doctor/no-such-route',
  headers: {},
};

/** Does the gateway that runs refuse what it should? Only GET is sent, and no token but one that was given. */
export const checkGateway: Check = async (subject, { timeout_ms }) => {
  const { gateway } = subject;
  if (gateway === undefined) return [];
  const client = createGatewayClient(gateway, timeout_ms);
  const first = await askUnrouted(client, subject, gateway);
  if (first.some(({ severity }) => severity === 'error')) return first;
  const found = [...first];
  for (const route of routesToAsk(subject, gateway)) {
    const request = requestOfRoute(route, gateway);
    if ('reason' in request) {
      found.push(
        finding(
          { severity: 'info', message: `The gateway was not asked: the route ${request.reason}.` },
          route,
        ),
      );
      continue;
    }
    const observed = await askRoute(client, route, request, gateway.token);
    if (observed === 'no more') {
      const message = `No more than ${gateway.max_requests} requests were sent, and not all routes were asked.`;
      return [...found, finding({ severity: 'warning', message, fix: '--max-requests N' })];
    }
    found.push(...observed.map((one) => finding(one, route)));
  }
  return found;
};

function finding(observation: Observation, route?: DoctorRoute): Finding {
  return { check: CHECK, ...(route === undefined ? {} : { route: route.name }), ...observation };
}

/** Receivers of security events take none of these requests. */
function routesToAsk({ routes }: DoctorSubject, { path }: GatewayTarget): DoctorRoute[] {
  return routes.filter(
    (route) =>
      route.authorizer !== undefined &&
      route.authorizer.config?.security_events === undefined &&
      (path === undefined || mayTake(route, path)),
  );
}

async function askUnrouted(
  client: GatewayClient,
  { routes }: DoctorSubject,
  { url }: GatewayTarget,
): Promise<Finding[]> {
  const reply = await client.send(UNROUTED);
  if ('none' in reply) {
    const why = reply.none === 'timeout' ? 'does not answer in time' : 'cannot be reached';
    return [
      finding({
        severity: 'error',
        message: `The gateway at ${url.origin} ${why}.`,
        fix: `curl -i ${url.origin}/`,
      }),
    ];
  }
  const { origin, status, kong_version } = reply;
  if (origin.by !== 'kong' && origin.by !== 'suite' && !routes.some(takesAll)) {
    const message = `A path that no route has is answered ${status}, not by Kong: is ${url.origin} the gateway?`;
    return [finding({ severity: 'warning', message, fix: `curl -i ${url.origin}/` })];
  }
  if (kong_version === undefined) return [];
  return [finding({ severity: 'info', message: `The gateway is Kong ${kong_version}.` })];
}

function takesAll({ paths }: DoctorRoute): boolean {
  return paths.length === 0 || paths.some((path) => path === '/' || path.startsWith('~'));
}

async function askRoute(
  client: GatewayClient,
  route: DoctorRoute,
  request: RouteRequest,
  token: string | undefined,
): Promise<Observation[] | 'no more'> {
  const isAnonymous = route.authorizer?.config?.allow_anonymous === true;
  const attempts = [
    ...(isAnonymous
      ? []
      : [
          ['A request without a token', 'missing_token', {}] as const,
          [
            'A request with an X-Serverless-Authorization of its own',
            'missing_token',
            { 'X-Serverless-Authorization': GARBAGE },
          ] as const,
        ]),
    ['A request with a token that is none', 'invalid_token', { Authorization: GARBAGE }] as const,
  ];
  const observed: Observation[] = [];
  for (const [name, expected, headers] of attempts) {
    const reply = await client.send(request, headers);
    if ('none' in reply) {
      if (reply.none === 'no more') return 'no more';
      observed.push(unanswered(name));
      continue;
    }
    const observation = judgeRefusal(reply, name, expected);
    // The others would only say the same.
    if (observation !== undefined) return [observation];
  }
  if (observed.length > 0) return observed;
  const what = isAnonymous
    ? 'a token that is none'
    : 'no token, one that is none and an X-Serverless-Authorization of their own';
  observed.push({ severity: 'ok', message: `The gateway refuses requests with ${what}.` });
  if (token === undefined) return observed;
  const reply = await client.send(request, { Authorization: `Bearer ${token}` });
  if ('none' in reply)
    return reply.none === 'no more'
      ? 'no more'
      : [...observed, unanswered('A request with the token')];
  return [...observed, judgeAnswer(reply, route)];
}

function unanswered(request: string): Observation {
  return {
    severity: 'error',
    message: `${request} is not answered in time.`,
    fix: "Kong's error log; --timeout-ms N",
  };
}
