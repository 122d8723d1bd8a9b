import { authorizerFields } from '../../authorizer/config.ts';
import { cloudRunFields } from '../../cloud-run/config.ts';
import { policyFields } from '../../policy/config.ts';
import { checkSettings } from '../../policy/source/check-settings.ts';
import { configurePlugin } from '../configure-plugin.ts';
import { readKongFile } from '../read-kong-file.ts';
import type { DoctorRoute, DoctorSubject } from './check.ts';

/** @throws ConfigError where the file cannot be read or Kong would not take it */
export function readSubject(file: string): DoctorSubject {
  const { routes, plugin_names = [] } = readKongFile(file);
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
