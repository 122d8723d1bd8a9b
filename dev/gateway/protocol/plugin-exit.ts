/** Thrown out of a PDK call that ends the event: the plugin server hears nothing more of it. */
export class PluginExit extends Error {
  override readonly name = 'PluginExit';

  constructor() {
    super('the plugin has answered');
  }
}
