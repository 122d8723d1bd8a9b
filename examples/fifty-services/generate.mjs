// Fifty services in one place: Kong's configuration and the accounts that it names come from the lists below.
//
//   node generate.mjs > kong.yml        the configuration
//   node generate.mjs accounts          a line for each account: the service, and the account that may invoke it

const PROJECT = 'example-project';
const PROJECT_NUMBER = '123456789012';
const REGION = 'europe-west3';
const ISSUER = 'https://login.example.com';
const AUDIENCE = 'https://tasks.example.com';

const TEAMS = {
  sales: 'orders quotes customers pricing promotions contracts leads catalog search carts',
  payments: 'invoices refunds payouts ledger dunning fraud wallets taxes currencies receipts',
  logistics: 'shipments warehouses stock tours carriers returns parcels customs tracking packaging',
  people:
    'payroll vacations expenses trainings onboarding recruiting directory badges surveys travel',
  data: 'imports exports reports metrics events archive models features dashboards anonymizer',
};

/** Services with a second account, which the policy's rules name in `run_as`. */
const RERUNNABLE = ['invoices', 'shipments', 'imports'];

const email = (account) => `${account}@${PROJECT}.iam.gserviceaccount.com`;

const services = Object.entries(TEAMS).flatMap(([team, names]) =>
  names.split(' ').map((name) => ({ team, name, isRerunnable: RERUNNABLE.includes(name) })),
);

// The first one says who is asking, the others refer to it.
const service = ({ team, name, isRerunnable }, index) => `
  - name: ${name}
    url: https://${name}-${PROJECT_NUMBER}.${REGION}.run.app
    routes:
      - name: ${name}
        paths: [/${name}]
        strip_path: false
        plugins:
          - name: oidc-authorizer
            config: ${index === 0 ? WHO : '*who'}
          - name: policy-evaluator
            config: { policy_file: /etc/cloud-run-auth/policy.yaml, labels: { team: ${team} } }
          - name: cloud-run-token
            config:
              service_account: ${email(`invoke-${name}`)}${isRerunnable ? allowed(name) : ''}
`;

const WHO = `&who
              issuers:
                - issuer: ${ISSUER}
                  audiences: [${AUDIENCE}]
                  required_typ: at+jwt`;

const allowed = (name) => `
              allowed_service_accounts: [${email(`rerun-${name}`)}]`;

const kongYml = () => `# Made by generate.mjs; change that, and then: node generate.mjs > kong.yml
_format_version: "3.0"

services:${services.map(service).join('')}`;

const accounts = () =>
  services
    .flatMap(({ name, isRerunnable }) => [
      `${name} invoke-${name}\n`,
      ...(isRerunnable ? [`${name} rerun-${name}\n`] : []),
    ])
    .join('');

process.stdout.write(process.argv[2] === 'accounts' ? accounts() : kongYml());
