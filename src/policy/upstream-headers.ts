import { foldHeaderName } from '../core/fold-header-name.ts';
import { headerSpellings } from '../core/header-spellings.ts';
import { fact, type RequestFacts } from '../core/request.ts';
import type { Continue } from '../core/stage.ts';
import type { Policy } from './policy.ts';

/**
 * What becomes of the headers that the rules of a policy set: from the client none passes, whichever rule decides, so
 * that the upstream can trust them.
 *
 * @param set those of the rule that allows
 */
export function upstreamHeaders(
  { upstream_headers: names }: Policy,
  facts: RequestFacts,
  set: Readonly<Record<string, string>> = {},
): Pick<Continue, 'remove_headers' | 'set_headers'> {
  if (names.length === 0) return {};
  const sent = new Set(Object.keys(fact(facts, 'headers')).map(foldHeaderName));
  const removed = names.filter((name) => sent.has(name)).flatMap(headerSpellings);
  return {
    ...(removed.length === 0 ? {} : { remove_headers: removed }),
    ...(Object.keys(set).length === 0 ? {} : { set_headers: set }),
  };
}
