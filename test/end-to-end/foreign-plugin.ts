/** A plugin as somebody else would write it for kong-pdk: CommonJS, not bundled, nothing of ours. */
export const FOREIGN_PLUGIN = `'use strict';

/** What the plugin does in access, by the mode of its configuration. */
const ACCESS = {
  async works(kong) {
    const who = await kong.request.getHeader('x-who');
    await kong.response.setHeader('x-greeting', 'hello ' + who);
    await kong.log.notice('foreign greets ', who);
  },
  throws() {
    throw new Error('on purpose');
  },
  async rejects(kong) {
    await kong.request.getMethod();
    throw new Error('on purpose');
  },
  hangs: () => new Promise(() => {}),
  async exits(kong) {
    await kong.response.exit(418, 'short and stout', { 'x-pot': 'tea' });
    await kong.response.setHeader('x-never', 'seen');
  },
  timer() {
    setTimeout(() => {
      throw new Error('thrown in a timer');
    });
  },
  unhandled() {
    Promise.reject(new Error('left unhandled'));
  },
};

class Foreign {
  constructor(config) {
    this.config = config;
  }

  async access(kong) {
    await ACCESS[this.config.mode](kong);
  }

  async log(kong) {
    const status = await kong.response.getStatus();
    await kong.log.notice('foreign saw ' + this.config.mode + ': ' + status);
  }
}

module.exports = {
  Plugin: Foreign,
  Name: 'foreign',
  Schema: [{ mode: { type: 'string', required: true, one_of: Object.keys(ACCESS) } }],
  Version: '1.0.0',
  Priority: 500,
};
`;
