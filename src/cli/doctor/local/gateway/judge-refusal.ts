import type { RefusalCode } from '../../../../core/refusal.ts';
import type { Finding } from '../../finding.ts';
import type { Answer } from './answer.ts';
import { fixOfRefusal } from './explain-refusal.ts';

export type Observation = Omit<Finding, 'check' | 'route'>;

/**
 * Judges the answer to a request that the chain should have refused.
 *
 * @param request how the sentence calls it: `A request without a token`
 * @returns undefined where it was refused as it should be
 */
export function judgeRefusal(
  answer: Answer,
  request: string,
  expected: RefusalCode,
): Observation | undefined {
  const { status, origin, challenge } = answer;
  switch (origin.by) {
    case 'suite': {
      if (origin.code === expected && challenge !== undefined) return undefined;
      if (status < 500) {
        const message = `${request} is refused with ${status} ${origin.code}; ${expected} was expected.`;
        return { severity: 'warning', message, fix: fixOfRefusal(origin.code) };
      }
      const message = `${request} is answered ${status} ${origin.code}, where it should be refused with ${expected}.`;
      return { severity: 'error', message, fix: fixOfRefusal(origin.code) };
    }
    case 'kong':
      return ofKong(status, origin.message, request);
    case 'google':
    case 'iap': {
      const message = `${request} reaches Google, which answers ${status}: the chain does not run on this route.`;
      return { severity: 'error', message, fix: OPEN };
    }
    case 'kong-upstream': {
      const message = `${request} goes past the plugins: Kong tries the service and answers ${status}.`;
      return { severity: 'error', message, fix: OPEN };
    }
    case 'service': {
      const message = `${request} reaches the service, which answers ${status}: the route is open.`;
      return { severity: 'error', message, fix: OPEN };
    }
  }
}

const OPEN =
  'oidc-authorizer, policy-evaluator and cloud-run-token on this route, and a configuration that the gateway has read: kong reload';

function ofKong(status: number, said: string, request: string): Observation {
  const quoted = said === '' ? '' : ` ("${said}")`;
  if (status === 404) {
    const message = `The gateway has no such route${quoted}: it runs another configuration.`;
    return { severity: 'warning', message, fix: 'kong reload   # or deck gateway sync' };
  }
  if (status >= 500) {
    const message = `${request} is answered ${status} by Kong${quoted}: the plugin server is not there.`;
    return {
      severity: 'error',
      message,
      fix: 'the checks plugin-server and plugin-server-socket, on the gateway',
    };
  }
  const message = `${request} is answered ${status} by Kong or another of its plugins${quoted}, before oidc-authorizer.`;
  return { severity: 'info', message };
}
