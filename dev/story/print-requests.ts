const SERVICES = 'projects/demo-project/locations/europe-west3/services';

/**
 * Requests to paste into a shell, with tokens as variables. The comments hold no quotes or parentheses, because an
 * interactive zsh takes them for commands.
 */
export function printRequests(
  url: string,
  { google, ...tokens }: { alice: string; bob: string; google: string },
): string {
  const task = `${url}/staging/tasks/7`;
  return `ALICE=${tokens.alice}
BOB=${tokens.bob}

# 401 missing_token: nobody asks
curl -i ${task}

# 200: bob is an engineer, and engineers read
curl -i ${task} -H "Authorization: Bearer $BOB"

# 403 policy_denied: bob is no QA lead
curl -i -X POST ${task} -H "Authorization: Bearer $BOB"

# alice is a QA lead: 200 from Monday to Friday, 9 to 17 h in Berlin, 403 otherwise. There it is ${nowInBerlin()}.
curl -i -X POST ${task} -H "Authorization: Bearer $ALICE"

# 200: the handbook is public
curl -i ${url}/handbook

# what the doctor says of all this, where kong.yml has the ports that are in use
export BOB GCE_METADATA_HOST=${new URL(google).host} CLOUD_RUN_API_ENDPOINT=${google}
node dist/cloud-run-auth.cjs doctor kong.yml --gateway ${url} --token-env BOB \\
  --service tasks-staging=${SERVICES}/tasks-staging --service handbook=${SERVICES}/tasks-staging \\
  --service tasks-production=${SERVICES}/tasks-production
`;
}

function nowInBerlin(): string {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone: 'Europe/Berlin',
    weekday: 'long',
    hour: '2-digit',
    minute: '2-digit',
  });
  return format.format(new Date());
}
