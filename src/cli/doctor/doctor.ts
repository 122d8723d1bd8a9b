import { type Command, InvalidArgumentError, Option } from 'commander';
import { isLoopback } from '../is-loopback.ts';
import { parseWholeNumber } from '../parse-whole-number.ts';
import type { DoctorFlags } from './run-doctor.ts';

/** `doctor`: what is wrong with a gateway's configuration, and with the gateway itself? */
export function addDoctor(program: Command): void {
  program
    .command('doctor')
    .description('look for what is wrong with a gateway, and say what mends it')
    .argument('[file]', 'the declarative configuration of Kong', 'kong.yml')
    .option('--offline', 'ask neither issuers nor Google')
    .addOption(
      new Option('--gateway <url>', 'send requests to the gateway that runs').argParser(
        parseGateway,
      ),
    )
    .addOption(new Option('--path <path>', 'the path to ask the gateway for').argParser(parsePath))
    .addOption(
      new Option('--token-file <file>', 'an access token to send to the gateway').conflicts(
        'tokenEnv',
      ),
    )
    .option('--token-env <name>', 'the same, in an environment variable')
    .addOption(
      new Option('--max-requests <count>', 'the most requests to send to the gateway')
        .argParser(parseWholeNumber(1, 10_000))
        .default(200),
    )
    .option('--kong-conf <file>', "Kong's settings, under those of the environment (KONG_…)")
    .addOption(
      new Option(
        '--service <route=resource>',
        'the Cloud Run service of a route, as projects/P/locations/L/services/S; may be repeated',
      )
        .argParser(collect)
        .default([], 'what the hosts tell'),
    )
    .addOption(
      new Option('--timeout-ms <ms>', 'how long one request may take')
        .argParser(parseWholeNumber(50, 60_000))
        .default(5_000),
    )
    .option('--strict', 'exit with 1 for warnings too')
    .option('--json', 'print JSON')
    .action(async (file: string, flags: DoctorFlags, command: Command) => {
      const { doctor } = await import('./run-doctor.ts');
      await doctor(file, flags, (message) => command.error(message, { exitCode: 2 }));
    });
}

function parseGateway(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url !== undefined && url.href === `${url.origin}/` && isSafe(url)) return url;
  throw new InvalidArgumentError(
    'Expected the address of a gateway, such as https://api.example.com or http://127.0.0.1:8000: https, or http on loopback, without a path.',
  );
}

/** Nobody in between sees what is sent. */
function isSafe({ protocol, hostname }: URL): boolean {
  return (
    protocol === 'https:' ||
    (protocol === 'http:' && isLoopback(hostname.replace(/^\[(.*)\]$/, '$1')))
  );
}

function parsePath(text: string): string {
  if (/^\/[\x21-\x7e]*$/.test(text) && !text.startsWith('//')) return text;
  throw new InvalidArgumentError('Expected a path that starts with one slash.');
}

function collect(text: string, known: readonly string[]): string[] {
  return [...known, text];
}
