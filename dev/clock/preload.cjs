'use strict';

// Loaded with `node --require`, directly or through NODE_OPTIONS. Without DEV_CLOCK_FILE it does
// nothing, so it may stay in NODE_OPTIONS of processes that tell the real time.

if (process.env.DEV_CLOCK_FILE) {
  require('./controlled-date.cjs').install(process.env.DEV_CLOCK_FILE);
}
