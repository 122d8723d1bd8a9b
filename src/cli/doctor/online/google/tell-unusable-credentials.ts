import type { Finding } from '../../finding.ts';
import { findingOfRoutes } from '../finding-of-routes.ts';
import { mergeFindings } from '../merge-findings.ts';
import type { TokenRoute } from './sender.ts';

/** Of which routes the credentials are wrong, or cannot be seen from here. */
export function tellUnusableCredentials(routes: readonly TokenRoute[]): Finding[] {
  return [...unusable(routes), ...elsewhere(routes)];
}

function unusable(routes: readonly TokenRoute[]): Finding[] {
  const told = routes.flatMap(({ name: route, credentials }) =>
    (credentials.outcome === 'unusable' ? credentials.problems : []).map(
      (problem): Finding => ({
        check: 'credentials',
        severity: 'error',
        route,
        message: `${problem}.`,
      }),
    ),
  );
  return mergeFindings(told);
}

function elsewhere(routes: readonly TokenRoute[]): Finding[] {
  const names = routes.flatMap(({ name, credentials }) =>
    credentials.outcome === 'elsewhere' ? [name] : [],
  );
  if (names.length === 0) return [];
  return [
    findingOfRoutes(names, {
      check: 'credentials',
      severity: 'info',
      message:
        'The credentials are a reference that Kong resolves, so they cannot be seen from here, nor which account they are of.',
    }),
  ];
}
