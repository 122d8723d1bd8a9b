import path from 'node:path';
import { build } from 'esbuild';
import { expect, it } from 'vitest';
import { ROOT } from './support.ts';

it('loads the policy engine when a policy command is asked for, and not to start a server', async () => {
  const { metafile } = await build({
    entryPoints: [path.join(ROOT, 'src/cli/main.ts')],
    ...{ bundle: true, splitting: true, format: 'esm', platform: 'node', packages: 'external' },
    ...{ write: false, metafile: true, outdir: 'out', absWorkingDir: ROOT, logLevel: 'silent' },
  });
  const loaded = new Set<string>();
  const visit = (file: string) => {
    const output = metafile.outputs[file];
    if (output === undefined || loaded.has(file)) return;
    loaded.add(file);
    for (const { path: imported, kind } of output.imports) {
      if (kind === 'import-statement') visit(imported);
    }
  };
  const entry = Object.keys(metafile.outputs).find(
    (file) => metafile.outputs[file]?.entryPoint === 'src/cli/main.ts',
  );
  visit(entry ?? '');
  const inputs = [...loaded].flatMap((file) => Object.keys(metafile.outputs[file]?.inputs ?? {}));
  expect(inputs).toContain('src/cli/policy/lint.ts');
  expect(inputs.filter((input) => input.startsWith('src/policy/'))).toEqual([
    'src/policy/time/timestamp.ts',
  ]);
});
