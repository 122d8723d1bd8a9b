import type { OwnResponse } from '../http/exchange.ts';
import { PluginExit } from '../protocol/plugin-exit.ts';

/** `kong.response.exit`: ends the event with an answer to the client. */
export class RequestExit extends PluginExit {
  readonly response: OwnResponse;

  constructor(response: OwnResponse) {
    super();
    this.response = response;
  }
}
