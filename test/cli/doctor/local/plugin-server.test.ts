import { chmodSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { DoctorTools } from '../../../../src/cli/doctor/check.ts';
import { checkPluginServer } from '../../../../src/cli/doctor/local/check-plugin-server.ts';
import { checkPluginServerSocket } from '../../../../src/cli/doctor/local/check-plugin-server-socket.ts';
import { readKongSettings } from '../../../../src/cli/doctor/local/kong/read-kong-settings.ts';
import { VERSION } from '../../../../src/core/version.ts';
import { encodeFrame, FrameReader } from '../../../../src/plugin-server/protocol/frame.ts';
import { decodeRpcCall } from '../../../../src/plugin-server/protocol/rpc.ts';
import { messageCodec } from '../../../../src/plugin-server/protocol/schema.ts';
import { FOLDER, findings, settingsOf, told, write } from '../support.ts';

const NAMES = ['oidc-authorizer', 'policy-evaluator', 'cloud-run-token'];
const SOCKET = path.join(FOLDER, 'plugins.sock');

/** What `dist/plugin-info/NAME.json` holds, as far as it matters. */
function pluginInfo(...names: string[]): string {
  const Plugins = names.map((Name) => ({ Name, Version: VERSION, Priority: 1 }));
  return write(`${names.join('-')}.json`, JSON.stringify({ Protocol: 'ProtoBuf:1', Plugins }));
}

function settings(changes: Record<string, string> = {}): Record<string, string> {
  const entries = NAMES.flatMap((name) => {
    const prefix = `pluginserver_${name.replaceAll('-', '_')}`;
    return [
      [`${prefix}_socket`, SOCKET],
      [`${prefix}_query_cmd`, `cat ${pluginInfo(name)}`],
    ];
  });
  return {
    plugins: `bundled,${NAMES.join(',')}`,
    pluginserver_names: NAMES.join(','),
    ...Object.fromEntries(entries),
    ...changes,
  };
}

const START = 'pluginserver_oidc_authorizer_start_cmd';
const QUERY = 'pluginserver_oidc_authorizer_query_cmd';

describe('the check plugin-server', () => {
  const toldOf = (changes: Record<string, string>, tools: Partial<DoctorTools> = {}) =>
    told(checkPluginServer, {}, { kong_settings: settingsOf(settings(changes)) }, tools);

  it('is content with an entry for each plugin', async () => {
    const [found] = await findings(
      checkPluginServer,
      {},
      { kong_settings: settingsOf(settings()) },
    );
    expect(found).toMatchObject({ check: 'plugin-server', severity: 'ok' });
  });

  it('says that it does not know where nothing tells', async () => {
    expect(await told(checkPluginServer, {})).toEqual([
      expect.stringMatching(/^info: How Kong runs/),
    ]);
  });

  it('says nothing where none of the plugins is used', async () => {
    expect(await findings(checkPluginServer, { plugins: ['{ name: cors }'] })).toEqual([]);
  });

  it.each([
    [
      'a plugin that Kong is not told of',
      { plugins: 'bundled,oidc-authorizer,policy-evaluator' },
      'error: cloud-run-token is used and not among',
    ],
    [
      'a plugin without an entry',
      { pluginserver_names: 'oidc-authorizer,policy-evaluator' },
      'error: cloud-run-token has no entry',
    ],
    [
      'several plugins in one query_cmd',
      { [QUERY]: `cat ${pluginInfo(...NAMES)}` },
      'error: The query_cmd of oidc-authorizer prints several',
    ],
    [
      'a query_cmd that dumps all',
      { [QUERY]: 'kong-js-pluginserver -d /p --dump-all-plugins' },
      'error: The query_cmd of oidc-authorizer prints several',
    ],
    [
      'the stock server with its guard',
      { [START]: 'node --require /d/guard.cjs /b/kong-js-pluginserver -d /p' },
      "warning: oidc-authorizer runs in Kong's own",
    ],
  ])('tells of %s', async (_, changes, start) => {
    const found = await toldOf(changes);
    expect(found.map((text) => text.slice(0, start.length))).toEqual([start]);
  });

  it('reports the stock server without its guard', async () => {
    const found = await toldOf({ [START]: '/usr/local/bin/kong-js-pluginserver -d /p' });
    expect(found).toEqual([
      expect.stringMatching(/^warning: .*requests go through/),
      expect.stringMatching(/^error: .*without the guard/),
    ]);
  });

  it('finds a plugin in an entry of another name', async () => {
    const found = await toldOf({
      pluginserver_names: 'js,policy-evaluator,cloud-run-token',
      pluginserver_js_query_cmd: `cat ${pluginInfo('oidc-authorizer')}`,
    });
    expect(found).toEqual([]);
  });

  it('warns of another version in plugin-info', async () => {
    const old = write(
      'old.json',
      JSON.stringify({ Plugins: [{ Name: 'oidc-authorizer', Version: '0.0.1' }] }),
    );
    expect(await toldOf({ [QUERY]: `cat ${old}` })).toEqual([
      expect.stringContaining('describes version 0.0.1'),
    ]);
  });

  it('warns of a variable that nginx hides', async () => {
    const environment = { GOOGLE_APPLICATION_CREDENTIALS: '/key.json' };
    const changes = { [START]: 'cloud-run-auth serve', nginx_main_env: 'NODE_OPTIONS=s3cret' };
    const kong_settings = settingsOf(settings(changes));
    const [found] = await findings(checkPluginServer, {}, { kong_settings }, { environment });
    expect(found).toMatchObject({
      severity: 'warning',
      fix: 'KONG_NGINX_MAIN_ENV="…; env GOOGLE_APPLICATION_CREDENTIALS"',
    });
  });
});

describe('the check plugin-server-socket', () => {
  const stops: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const stop of stops.splice(0)) await stop();
  });

  async function listen(server: Server, socket = SOCKET): Promise<void> {
    await new Promise<void>((resolve) => server.listen(socket, resolve));
    chmodSync(socket, 0o600);
    stops.push(() => new Promise((resolve) => server.close(() => resolve())));
  }

  /** A plugin server as far as it tells of its plugins. */
  function pluginServer(versions: Record<string, string>): Server {
    const answers = messageCodec('RpcReturn');
    return createServer((connection) => {
      const reader = new FrameReader(65_536);
      connection.on('data', (chunk) => {
        reader.push(chunk);
        for (let frame = reader.next(); frame; frame = reader.next()) {
          const call = decodeRpcCall(frame);
          const { sequence } = call;
          const answer =
            call.command === 'get_plugin_info'
              ? { plugin_info: { name: call.name, version: versions[call.name] } }
              : { plugin_names: { names: Object.keys(versions) } };
          connection.write(encodeFrame(answers.encode({ sequence, ...answer })));
        }
      });
    });
  }

  const ours = (version = VERSION) => Object.fromEntries(NAMES.map((name) => [name, version]));
  const toldOf = (changes: Record<string, string> = {}, tools: Partial<DoctorTools> = {}) =>
    told(checkPluginServerSocket, {}, { kong_settings: settingsOf(settings(changes)) }, tools);

  it('is content with a server of this version', async () => {
    await listen(pluginServer(ours()));
    expect(await toldOf()).toEqual([]);
  });

  it('reports one that lacks a plugin, and warns of another version', async () => {
    await listen(pluginServer({ 'oidc-authorizer': VERSION, 'policy-evaluator': '0.0.1' }));
    expect(await toldOf()).toEqual([
      expect.stringMatching(/^error: .*does not have cloud-run-token/),
      expect.stringMatching(/^warning: .*runs policy-evaluator 0\.0\.1/),
    ]);
  });

  it('reports a socket that everybody may write to', async () => {
    await listen(pluginServer(ours()));
    chmodSync(SOCKET, 0o666);
    expect(await toldOf()).toEqual([expect.stringMatching(/^error: Every user of this machine/)]);
  });

  it('reports one that says nothing, within the time', async () => {
    await listen(createServer((connection) => connection.resume()));
    expect(await toldOf({}, { timeout_ms: 50 })).toEqual([
      expect.stringMatching(/^error: .*does not answer by ProtoBuf:1/),
    ]);
  });

  it('reports one that speaks something else', async () => {
    await listen(
      createServer((connection) => connection.resume().end('HTTP/1.1 400 Bad Request\r\n\r\n')),
    );
    expect(await toldOf()).toEqual([
      expect.stringMatching(/^error: .*does not answer by ProtoBuf:1/),
    ]);
  });

  it('knows that the stock server speaks something else', async () => {
    await listen(createServer((connection) => connection.resume().end()));
    const found = await toldOf({ [START]: 'kong-js-pluginserver' });
    expect(found).toEqual([expect.stringMatching(/^info: .*kong-js-pluginserver does not/)]);
  });

  it('reports a socket that is not there, and a file in its place', async () => {
    expect(await toldOf()).toEqual([expect.stringMatching(/^error: There is no socket/)]);
    const all = (socket: string) =>
      Object.fromEntries(
        NAMES.map((name) => [`pluginserver_${name.replaceAll('-', '_')}_socket`, socket]),
      );
    expect(await toldOf(all(write('file', '')))).toEqual([
      expect.stringContaining('is not a socket'),
    ]);
    expect(await toldOf(all('/nowhere/at/all.sock'))).toEqual([
      expect.stringMatching(/^info: .*not on this machine/),
    ]);
    expect(await toldOf(all(`/tmp/${'x'.repeat(120)}`))).toEqual([
      expect.stringContaining('longer than 107 bytes'),
    ]);
  });

  it('warns of two that are started for one socket', async () => {
    await listen(pluginServer(ours()));
    const start = { [START]: 'serve', pluginserver_cloud_run_token_start_cmd: 'serve' };
    expect(await toldOf(start)).toEqual([
      expect.stringMatching(/^warning: oidc-authorizer and cloud-run-token each start/),
    ]);
  });
});

describe("Kong's settings", () => {
  it('are those of the file, and over them those of the environment', () => {
    const file = write(
      'kong.conf',
      `# a comment
prefix = /opt/kong   # why
plugins=bundled
pluginserver_names = 'a, b'
ssl_cert = a\\#b
`,
    );
    const settings = readKongSettings(file, { KONG_PLUGINS: 'bundled,a', PATH: '/bin' });
    expect(Object.fromEntries(settings ?? [])).toEqual({
      prefix: '/opt/kong',
      plugins: 'bundled,a',
      pluginserver_names: 'a, b',
      ssl_cert: 'a#b',
    });
  });

  it('are unknown in an environment that is not that of Kong', () => {
    expect(
      readKongSettings(undefined, { KONG_ADMIN_URL: 'http://127.0.0.1:8001' }),
    ).toBeUndefined();
  });
});
