import { authorizerFields } from '../../authorizer/config.ts';
import { cloudRunFields } from '../../cloud-run/config.ts';
import { readDeclarativeConfig } from '../../kong/declarative-config/read-declarative-config.ts';
import { policyFields } from '../../policy/config.ts';
import { checkSettings } from '../../policy/source/check-settings.ts';
import { readTextFile } from '../policy/input/read-text-file.ts';
import type { DoctorRoute, DoctorSubject } from './check.ts';
import { configurePlugin } from './configure-plugin.ts';

const MOST_BYTES = 16 * 1024 * 1024;

/** @throws ConfigError where the file cannot be read or Kong would not take it */
export function readSubject(file: string): DoctorSubject {
  const { routes, plugin_names = [] } = readDeclarativeConfig(readTextFile(file, MOST_BYTES), file);
  return {
    file,
    plugin_names,
    routes: routes.map((route): DoctorRoute => {
      const find = (name: string) => route.plugins.find((plugin) => plugin.name === name);
      return {
        ...route,
        authorizer: configurePlugin(find('oidc-authorizer'), authorizerFields),
        evaluator: configurePlugin(find('policy-evaluator'), policyFields, checkSettings),
        cloud_run_token: configurePlugin(find('cloud-run-token'), cloudRunFields),
      };
    }),
  };
}
