'use strict';

/*
 * Load before kong-pdk's kong-js-pluginserver: `node --require guard.cjs …/kong-js-pluginserver …`.
 *
 * It listens with Node's default backlog of 511. Beyond that many connections at once, connecting fails with EAGAIN, and
 * Kong lets the request through without running the plugin. And it has no listener for errors of a connection, so that
 * one nginx worker that dies while answers are on their way ends the plugin server for all the others.
 */

const net = require('node:net');

/** As far as the kernel allows: net.core.somaxconn caps it, 4096 by default since Linux 5.4. */
const BACKLOG = 65535;

const listen = net.Server.prototype.listen;

net.Server.prototype.listen = function listenGuarded(...args) {
  const [path] = args;
  if (typeof path !== 'string') return listen.apply(this, args);
  this.on('connection', (connection) => connection.on('error', () => connection.destroy()));
  return listen.call(this, { path, backlog: BACKLOG }, ...args.slice(1));
};
