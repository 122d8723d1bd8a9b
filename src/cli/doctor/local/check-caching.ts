import { foldHeaderName } from '../../../core/fold-header-name.ts';
import type { Check } from '../check.ts';
import type { Finding } from '../finding.ts';
import { conclude } from './conclude.ts';

const CHECK = 'caching';

const CACHES = ['proxy-cache', 'proxy-cache-advanced'];

/**
 * Does one caller get what was answered to another? Kong's cache keeps answers by consumer, method, path, query and the
 * headers that `vary_headers` names: not by token.
 *
 * @see https://docs.konghq.com/hub/kong-inc/proxy-cache/#cache-key
 */
export const checkCaching: Check = async ({ routes }) => {
  const looked = routes.filter(({ authorizer, evaluator }) => authorizer ?? evaluator);
  const found = looked.flatMap(({ name: route, authorizer, plugins }) =>
    plugins.flatMap(({ name, config, path }): Finding[] => {
      if (!CACHES.includes(name)) return [];
      const vary = Array.isArray(config.vary_headers) ? config.vary_headers : [];
      const varies = vary.map((header) => foldHeaderName(String(header)));
      const { consumer_claim } = authorizer?.config ?? {};
      if (varies.includes('authorization')) return [];
      const base = {
        check: CHECK,
        route,
        fix: `vary_headers: [Authorization]   # in the config at ${path}; or take ${name} off this route`,
      } as const;
      if (consumer_claim !== undefined) {
        const message = `${name} keeps answers by consumer, which is the claim "${consumer_claim}" here: callers who share it, or have none, share answers.`;
        return [{ ...base, severity: 'warning', message }];
      }
      const message = `${name} gives one caller what was answered to another: its cache does not tell them apart.`;
      return [{ ...base, severity: 'error', message }];
    }),
  );
  return conclude(CHECK, looked.length > 0, found, 'No answer of one caller is kept for others.');
};
