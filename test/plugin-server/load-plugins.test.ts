import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startLoader } from './support/load-in-node.ts';

const CLASS = 'class Plugin { async access(kong) {} }';
const commonJs = (more = '') =>
  `${CLASS}\nmodule.exports = { Plugin, Version: '1.2.3', Priority: 7, ${more} };`;
const esModule = (more = '') =>
  `export ${CLASS}\nexport const Version = '1.2.3';\nexport const Priority = 7;\n${more}`;

let loader: Awaited<ReturnType<typeof startLoader>>;
let directory: string;

beforeAll(async () => {
  loader = await startLoader();
});
afterAll(() => loader.stop());

beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'plugins-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true });
});

function write(files: Record<string, string>): void {
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(directory, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
}

async function names(): Promise<string[]> {
  return (await loader.load(directory)).map(({ name }) => name);
}

/** The message of the error that loading ends with. */
async function problem(): Promise<string> {
  return loader.load(directory).then(
    () => expect.unreachable('loaded'),
    (error: Error) => error.message,
  );
}

describe('a plugin', () => {
  it('is loaded with what Kong is to know of it', async () => {
    const schema = '[{ limit: { type: "integer", default: 3 } }]';
    write({ 'Counter.js': commonJs(`Schema: ${schema}`) });
    expect(await loader.load(directory)).toEqual([
      {
        name: 'counter',
        version: '1.2.3',
        priority: 7,
        phases: ['access'],
        schema: [{ limit: { type: 'integer', default: 3 } }],
        file: path.join(directory, 'Counter.js'),
      },
    ]);
  });

  it('may be CommonJS or an ES module, named by its ending or by package.json', async () => {
    write({
      'package.json': '{ "type": "module" }',
      'a.cjs': commonJs(),
      'b.mjs': esModule(),
      'c.js': esModule(),
      'd.js': `${CLASS}\nexport default { Plugin, Version: '1.0.0' };`,
    });
    expect(await names()).toEqual(['a', 'b', 'c', 'd']);
  });

  it('may be CommonJS or an ES module in a package of CommonJS', async () => {
    write({
      'package.json': '{ "type": "commonjs" }',
      'a.js': commonJs(),
      'b.mjs': esModule(),
      'c/index.js': commonJs(),
    });
    expect((await names()).sort()).toEqual(['a', 'b', 'c']);
  });

  it('is called what it exports, in lower case, and else by its file or its directory', async () => {
    write({
      'a.js': commonJs("Name: 'Rate-Limit'"),
      'B.js': commonJs(),
      'c/index.js': commonJs(),
      'd.e/lib/main.cjs': commonJs(),
      'd.e/package.json': '{ "main": "./lib/main.cjs" }',
      'f/index.mjs': esModule(),
    });
    expect((await names()).sort()).toEqual(['b', 'c', 'd.e', 'f', 'rate-limit']);
  });

  it('has the phases of its class and of those that it extends', async () => {
    write({
      'a.js': `
        class Base { rewrite() {} log() {} helper() {} }
        class Plugin extends Base { response() {} log() {} }
        module.exports = { Plugin, Version: '1.0' };`,
    });
    expect(await loader.load(directory)).toMatchObject([
      { phases: ['rewrite', 'response', 'log'], priority: 0, schema: [] },
    ]);
  });

  it('is found by a relative directory and through symbolic links, as a mounted ConfigMap has them', async () => {
    write({ '..data/real.js': commonJs() });
    symlinkSync('..data/real.js', path.join(directory, 'linked.js'));
    const plugins = await loader.load(path.relative(process.cwd(), directory));
    expect(plugins.map(({ name }) => name)).toEqual(['linked']);
  });
});

it('passes over what is no plugin', async () => {
  write({
    'a.js': commonJs(),
    'a.d.ts': 'export {};',
    'a.js.map': '{}',
    'README.md': '# Plugins',
    '.hidden.js': 'throw 1',
    'node_modules/x/index.js': 'throw 1',
    'data/words.txt': 'one',
  });
  expect(await names()).toEqual(['a']);
});

describe('the server does not start, and is told which file it is, with', () => {
  it.each([
    ['a file that throws', "throw new TypeError('no luck')", 'does not load: TypeError: no luck'],
    ['one that throws no error', 'throw 7', 'threw 7 while loading'],
    ['one that does not parse', '\n\nlet x = ;', '(wrong.js:3)'],
    ['one whose imports are missing', "require('./nowhere.js')", "Cannot find module './nowhere"],
    ['no class', 'module.exports = {}', 'exports no class `Plugin`'],
    ['an arrow function', 'module.exports = { Plugin: () => {} }', 'exports no class `Plugin`'],
    ['nothing at all', '', 'exports no class `Plugin`'],
    [
      'a misspelt phase',
      "module.exports = { Plugin: class { acess() {} }, Version: '1.0.0' }",
      'has none of the methods certificate, rewrite, access, response, preread, log',
    ],
    ['no Version', `${CLASS}; module.exports = { Plugin }`, 'its Version is missing'],
    ['a Version of four numbers', commonJs("Version: '1.2.3.4'"), 'its Version is "1.2.3.4"'],
    ['a Version in words', commonJs("Version: 'latest'"), 'its Version is "latest"'],
    ['a broken Priority', commonJs('Priority: 1.5'), 'its Priority is 1.5'],
    ['a Priority beyond 32 bits', commonJs('Priority: 2 ** 31'), 'its Priority is 2147483648'],
    ['a Priority as text', commonJs("Priority: '5'"), 'its Priority is "5"'],
    ['a Name that is none', commonJs('Name: 5'), 'its Name is not a string'],
    ['a Name for two', commonJs("Name: 'a,b'"), 'cannot be called "a,b"'],
    ['a Schema that is no list', commonJs('Schema: { a: {} }'), 'its Schema is not an array'],
    [
      'a field with two names',
      commonJs('Schema: [{ a: {} }, { b: {}, c: {} }]'),
      'Schema[1] is not of the form',
    ],
    [
      'a check that Kong would never see',
      commonJs('Schema: [{ a: { type: "string", custom_validator: () => true } }]'),
      'Schema[0].a.custom_validator is a function',
    ],
  ])('%s', async (_, text, words) => {
    write({ 'fine.js': commonJs(), 'wrong.js': text });
    const message = await problem();
    expect(message).toContain(`${path.join(directory, 'wrong.js')}: `);
    expect(message).toContain(words);
  });

  it('CommonJS in a package of ES modules', async () => {
    write({ 'package.json': '{ "type": "module" }', 'wrong.js': commonJs() });
    expect(await problem()).toMatch(
      /wrong\.js: does not load: ReferenceError: module is not defined/,
    );
  });

  it('two plugins of one name', async () => {
    write({ 'a.js': commonJs("Name: 'B'"), 'b.js': commonJs() });
    expect(await problem()).toBe(
      `${path.join(directory, 'b.js')}: there is a plugin "b" already, in ${path.join(directory, 'a.js')}; rename or remove one`,
    );
  });

  it('a package whose main file is missing', async () => {
    write({ 'a/package.json': '{ "main": "lib.js" }' });
    expect(await problem()).toContain(`${path.join(directory, 'a')}: package.json names`);
  });

  it('a package.json that is no JSON', async () => {
    write({ 'a/package.json': '{', 'a/index.js': commonJs() });
    expect(await problem()).toContain(`${path.join(directory, 'a', 'package.json')}: is no JSON`);
  });

  it('a symbolic link to nowhere', async () => {
    symlinkSync('nowhere.js', path.join(directory, 'a.js'));
    expect(await problem()).toBe(`${path.join(directory, 'a.js')}: cannot be read: ENOENT`);
  });

  it('a directory without plugins, or without being there', async () => {
    expect(await problem()).toContain(`${directory}: no plugin is there`);
    await expect(loader.load(path.join(directory, 'nowhere'))).rejects.toThrow(
      "the plugins' directory cannot be read: ENOENT",
    );
  });
});
