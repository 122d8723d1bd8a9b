import { parseArgs } from 'node:util';
import { CLIENTS } from './clients.ts';
import { RESOURCES } from './resources.ts';
import { startIdentityProvider } from './start-identity-provider.ts';
import { USERS } from './users.ts';

const USAGE = 'usage: main.ts [--host 127.0.0.1] [--port 0] [--issuer http://127.0.0.1:<port>]';

function readOptions() {
  const { values } = parseArgs({
    options: {
      host: { type: 'string', default: '127.0.0.1' },
      port: { type: 'string', default: '0' },
      issuer: { type: 'string' },
    },
  });
  const port = Number(values.port);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new Error(`--port must be from 0 to 65535, not ${values.port}`);
  }
  return { host: values.host, port, ...(values.issuer !== undefined && { issuer: values.issuer }) };
}

try {
  const options = readOptions();
  const { issuer, port, stop } = await startIdentityProvider(options);
  console.log(`identity provider for development and test only: anyone can get a token for anyone
  issuer     ${issuer}
  health     http://${options.host}:${port}/health
  users      ${USERS.map(({ sub }) => sub).join(', ')}
  clients    ${Object.keys(CLIENTS).join(', ')}
  resources  ${Object.keys(RESOURCES).join(', ')}`);

  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void stop());
  }
} catch (error) {
  console.error(`${error instanceof Error ? error.message : error}\n${USAGE}`);
  process.exitCode = 1;
}
