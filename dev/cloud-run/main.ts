import { createServer } from 'node:http';
import { close, listen } from '../google/listen.ts';
import { type CommandLine, parseServices } from './parse-services.ts';
import { startCloudRun } from './start-cloud-run.ts';

const HELP = `usage: main.ts --certs-url URL [--host 127.0.0.1] [--health-port PORT]
               --service NAME --port PORT --audience AUDIENCE… --invoker MEMBER…
                 [--accept-host HOST]… [--ingress INGRESS_TRAFFIC_INTERNAL_ONLY]
                 [--iap-audience CLIENT_ID [--iap-accessor MEMBER]…]
               [--service NAME --port PORT …]…

--audience is the service URL or a custom audience; --invoker allUsers makes a service public, and
without any --invoker nobody may call it. MEMBER is as in an IAM policy, or an email alone.
--accept-host makes every other Host a 404, and so does every --ingress but INGRESS_TRAFFIC_ALL.
--iap-audience puts Identity-Aware Proxy before the service; --iap-accessor is who may pass it, by
default the invokers. /healthz is on the health port only.
`;

const args = process.argv.slice(2);
if (args.includes('--help')) {
  process.stdout.write(HELP);
} else {
  const commandLine = parse(args);
  if (commandLine !== undefined) await run(commandLine);
}

function parse(from: string[]): CommandLine | undefined {
  try {
    return parseServices(from);
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${HELP}`);
    process.exitCode = 2;
    return undefined;
  }
}

async function run({ services, healthPort }: CommandLine): Promise<void> {
  const running = await Promise.all(services.map((service) => startCloudRun(service)));
  console.log('Cloud Run stand-in, for development and test only');
  for (const [index, { url }] of running.entries()) {
    console.log(`  ${services[index]?.service}  ${url}  audience ${services[index]?.audiences[0]}`);
  }
  const stops = running.map((service) => () => service.stop());
  if (healthPort !== undefined) {
    const health = createServer((request, response) => {
      response.writeHead(request.url === '/healthz' ? 200 : 404, { 'content-type': 'text/plain' });
      response.end(request.url === '/healthz' ? 'ok\n' : 'not found\n');
    });
    await listen(health, services[0]?.host ?? '127.0.0.1', healthPort);
    stops.push(() => close(health));
  }
  const stop = () => void Promise.all(stops.map((each) => each())).then(() => process.exit(0));
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
}
