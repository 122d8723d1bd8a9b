import { isJsonObject, type JsonObject, type JsonValue, ownMember } from '../../core/json.ts';
import { RequestProblem } from './request-problem.ts';

/** A message that an MCP client posts: a JSON-RPC 2.0 request or notification. */
export interface McpCall {
  method: string;
  /** Of `tools/call` only. */
  tool: string | undefined;
  /** Empty where there are none. */
  arguments: JsonObject;
}

const MESSAGE_MEMBERS: ReadonlySet<string> = new Set(['jsonrpc', 'method', 'params']);
const PARAMS_MEMBERS: ReadonlySet<string> = new Set(['name', 'arguments']);

/**
 * Reads the call that a body holds (https://modelcontextprotocol.io/specification/2025-06-18/basic, JSON-RPC 2.0 §4).
 * Strictly where the upstream's reader may be lenient: a call that two readers take for different ones is none.
 *
 * @param httpMethod the transport posts every message
 * @returns undefined where the body is no call: other JSON, or a client's answer to a question of the server
 * @throws RequestProblem where it is nearly one, or several
 */
export function readMcpCall(httpMethod: string, body: JsonValue): McpCall | undefined {
  if (httpMethod !== 'POST') {
    // An upstream that takes a call by any method must not be a way round the rules about calls.
    if (Array.isArray(body) || looksLikeCall(body))
      throw malformed('the body is a call that is not posted');
    return undefined;
  }
  // One verdict cannot stand for many calls.
  if (Array.isArray(body)) throw malformed('the body is a JSON-RPC batch');
  if (!isJsonObject(body)) return undefined;
  checkMembers(body, MESSAGE_MEMBERS);
  const method = ownMember(body, 'method');
  if (method === undefined) return undefined;
  const params = ownMember(body, 'params') ?? {};
  if (ownMember(body, 'jsonrpc') !== '2.0' || typeof method !== 'string' || !isJsonObject(params)) {
    throw malformed('the body is not a JSON-RPC 2.0 request with named parameters');
  }
  checkMembers(params, PARAMS_MEMBERS);
  const name = ownMember(params, 'name');
  const values = ownMember(params, 'arguments') ?? {};
  if (method !== 'tools/call') {
    return { method, tool: undefined, arguments: isJsonObject(values) ? values : {} };
  }
  if (typeof name !== 'string' || !isJsonObject(values)) {
    throw malformed('the body is a tools/call without the name of a tool, or with other arguments');
  }
  return { method, tool: name, arguments: values };
}

function looksLikeCall(body: JsonValue): boolean {
  return isJsonObject(body) && Object.keys(body).some((key) => fold(key) === 'method');
}

function fold(key: string): string {
  return key.toUpperCase().toLowerCase();
}

/** Some readers, Go's for one, take `Method` or `paramſ` for the member, and the last of two. */
function checkMembers(object: JsonObject, members: ReadonlySet<string>): void {
  for (const key of Object.keys(object)) {
    if (!members.has(key) && members.has(fold(key))) {
      throw malformed(
        'the body has a member that differs from one of JSON-RPC or MCP in case only',
      );
    }
  }
}

function malformed(message: string): RequestProblem {
  return new RequestProblem('invalid_request', message);
}
