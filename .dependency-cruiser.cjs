/** The dependency rule of CONTRIBUTING.md: what may import what. */
const stages = ['authorizer', 'policy', 'cloud-run', 'audit'];

module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'core-stands-alone',
      comment: 'core is the vocabulary of all others, so it imports nothing of ours',
      severity: 'error',
      from: { path: '^src/core/' },
      to: { path: '^(src|plugins|dev|test|bench|scripts)/', pathNot: '^src/core/' },
    },
    ...stages.map((stage) => ({
      name: `${stage}-is-pure`,
      comment: 'a stage knows core alone: never another stage, never Kong',
      severity: 'error',
      from: { path: `^src/${stage}/` },
      to: { path: '^(src|plugins)/', pathNot: `^src/(core|${stage})/` },
    })),
    {
      name: 'kong-knows-core',
      comment: 'plugins/ joins a stage to Kong; src/kong itself needs none of them',
      severity: 'error',
      from: { path: '^src/kong/' },
      to: { path: '^(src|plugins)/', pathNot: '^src/(core|kong)/' },
    },
    {
      name: 'plugin-server-knows-kong-and-core',
      comment: 'it runs any plugin that it is given as a file, and needs none of ours',
      severity: 'error',
      from: { path: '^src/plugin-server/' },
      to: { path: '^(src|plugins)/', pathNot: '^src/(core|kong|plugin-server)/' },
    },
    {
      name: 'command-line-on-top',
      comment: 'the commands may use everything in src, and nothing in src or plugins uses them',
      severity: 'error',
      from: { path: '^(src|plugins)/', pathNot: '^src/cli/' },
      to: { path: '^src/cli/' },
    },
    {
      name: 'product-without-tools',
      comment: 'nothing that ships depends on what the demo, the tests or the benchmarks need',
      severity: 'error',
      from: { path: '^(src|plugins)/' },
      to: { path: '^(dev|test|bench|scripts)/' },
    },
    {
      name: 'product-without-dev-dependencies',
      severity: 'error',
      from: { path: '^(src|plugins)/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown', 'unknown'] },
    },
    {
      name: 'one-file-knows-cel',
      comment: 'the expression library can be replaced by changing one file',
      severity: 'error',
      from: { pathNot: '^src/policy/cel/' },
      to: { path: 'node_modules/@marcbachmann/cel-js' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
};
