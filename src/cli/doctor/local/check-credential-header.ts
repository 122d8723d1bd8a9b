import type { Check } from '../check.ts';
import type { Finding } from '../finding.ts';

const CHECK = 'credential-header';

/** What becomes of the caller's own token? Said once for all routes where it is the same. */
export const checkCredentialHeader: Check = async ({ routes }) => {
  const both = routes.flatMap(({ name, authorizer, cloud_run_token }) => {
    const [{ hide_credentials } = {}, { header } = {}] = [
      authorizer?.config,
      cloud_run_token?.config,
    ];
    return header === undefined || hide_credentials === undefined
      ? []
      : [{ name, header, hidden: hide_credentials }];
  });
  const replaced = both.filter(({ header }) => header === 'Authorization');
  const passedOn = both.filter(({ header, hidden }) => header !== 'Authorization' && !hidden);
  const found: Finding[] = replaced.map(({ name }) => ({
    check: CHECK,
    severity: 'info',
    route: name,
    message:
      "The ID token takes the place of the caller's Authorization, which the service does not see.",
    fix: 'header: X-Serverless-Authorization   # in the config of cloud-run-token, if it expects it',
  }));
  const [first, ...others] = passedOn;
  if (first === undefined) return found;
  return [
    ...found,
    {
      check: CHECK,
      severity: 'info',
      ...(others.length === 0 ? { route: first.name } : {}),
      message: `The caller's own token goes on to the service${others.length === 0 ? '' : ` on ${passedOn.length} routes`}.`,
      fix: 'hide_credentials: true   # in the config of oidc-authorizer, if the service does not need it',
    },
  ];
};
