import { chmodSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { configSchema } from './config-schema.ts';
import { type GoogleOptions, startGoogle } from './start-google.ts';

const HELP = `usage: main.ts [--host 127.0.0.1] [--port 8085] [--public-url URL] [--project ID]
               [--service-account EMAIL[=CREATOR,CREATOR…]]…  [--config FILE]
               [--write-key FILE [--key-account EMAIL] [--key-mode 600]]

The first service account is the one the metadata server speaks for. CREATOR is a member that may
impersonate the account: an email, or a principal:// or principalSet:// of a workload identity pool.
--config is JSON: { "serviceAccounts": […], "users": […], "workloadIdentityProviders": […],
"cloudRunServices": […], "cloudRunViewers": […], "cloudRunInvokers": […], "groups": […],
"groupsReaders": […], "customer": "C…" }.
--write-key writes a service account key file whose token_uri is this stand-in.
`;

const { values } = parseArgs({
  options: {
    host: { type: 'string', default: '127.0.0.1' },
    port: { type: 'string', default: '8085' },
    'public-url': { type: 'string' },
    project: { type: 'string' },
    'service-account': { type: 'string', multiple: true },
    config: { type: 'string' },
    'write-key': { type: 'string' },
    'key-account': { type: 'string' },
    'key-mode': { type: 'string', default: '600' },
    help: { type: 'boolean' },
  },
});

if (values.help === true) {
  process.stdout.write(HELP);
} else {
  try {
    await main();
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    process.exitCode = 2;
  }
}

async function main(): Promise<void> {
  const options: GoogleOptions = {
    host: values.host,
    port: Number(values.port),
    ...(values.config === undefined
      ? {}
      : configSchema.parse(JSON.parse(readFileSync(values.config, 'utf8')))),
  };
  if (values['public-url'] !== undefined) options.publicUrl = values['public-url'];
  if (values.project !== undefined) options.projectId = values.project;
  if (values['service-account'] !== undefined) {
    options.serviceAccounts = values['service-account'].map(parseServiceAccount);
  }
  const google = await startGoogle(options);
  if (values['write-key'] !== undefined) {
    const email = values['key-account'] ?? google.defaultServiceAccount;
    writeKey(
      values['write-key'],
      google.serviceAccountKey(email),
      Number.parseInt(values['key-mode'], 8),
    );
  }
  console.log(`Google stand-in on ${google.url}, for development and test only`);
  if (!['127.0.0.1', 'localhost', '::1'].includes(values.host)) {
    console.log(`  WARNING: ${values.host} is beyond loopback; whoever reaches it gets tokens`);
  }
  console.log(`  service account  ${google.defaultServiceAccount}`);
  console.log(`  metadata server  GCE_METADATA_HOST=${google.metadataHost}`);
  console.log(`  certificates     ${google.certsUrl}`);
  const stop = () => void google.stop().then(() => process.exit(0));
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
}

function parseServiceAccount(text: string): { email: string; tokenCreators: string[] } {
  const [email = '', creators = ''] = text.split(/=(.*)/s);
  return { email, tokenCreators: creators.split(',').filter(Boolean) };
}

/** Renamed into place, so that whoever waits for the file never reads half of it. */
function writeKey(file: string, key: object, mode: number): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(`${file}.new`, `${JSON.stringify(key, null, 2)}\n`, { mode: 0o600 });
  chmodSync(`${file}.new`, mode);
  renameSync(`${file}.new`, file);
}
