import type { Check } from '../check.ts';
import type { Finding } from '../finding.ts';
import { conclude } from './conclude.ts';

const CHECK = 'plugin-config';

/** Do our plugins take their configs? One that does not refuses every request of its route. */
export const checkPluginConfig: Check = async ({ file, routes }) => {
  const seen = new Set<string>();
  const plugins = routes.flatMap((route) =>
    [route.authorizer, route.evaluator, route.cloud_run_token].flatMap((plugin) =>
      plugin === undefined ? [] : [{ route: route.name, plugin }],
    ),
  );
  const found = plugins.flatMap(({ route, plugin: { declared, problems } }) =>
    problems.flatMap((problem): Finding[] => {
      // A config of a service or of all routes is said once.
      const isNew = !seen.has(`${declared.path} ${problem}`);
      seen.add(`${declared.path} ${problem}`);
      if (!isNew) return [];
      return [
        {
          check: CHECK,
          severity: 'error',
          route,
          message: `${declared.name}: ${problem}. It answers every request with 500 invalid_config.`,
          fix: `in ${file}, at ${declared.path}: mend ${problem.split(': ')[0]}; docs/reference.md has the fields`,
        },
      ];
    }),
  );
  return conclude(CHECK, plugins.length > 0, found, "The plugins' configs are right.");
};
