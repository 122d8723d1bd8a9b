'use strict';

/*
 * Loaded before a plugin server: on SIGUSR2 it collects garbage and writes what is left, in bytes, to a file named after
 * the process in the folder that BENCH_HEAP_FOLDER names.
 */

const { renameSync, writeFileSync } = require('node:fs');
const path = require('node:path');
const { setFlagsFromString } = require('node:v8');
const { runInNewContext } = require('node:vm');

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc');
const file = path.join(process.env.BENCH_HEAP_FOLDER, String(process.pid));

process.on('SIGUSR2', () => {
  // Weak references and what finalizers hold go with the second turn only.
  collect();
  setImmediate(() => {
    collect();
    const { heapUsed, external } = process.memoryUsage();
    // Renamed into place, so that nobody reads half of it.
    writeFileSync(`${file}.new`, String(heapUsed + external));
    renameSync(`${file}.new`, file);
  });
});
