import { EXIT_METHOD, PDK_CALLS, type PdkCallSpec } from '../protocol/pdk-calls.ts';
import type { EventCalls } from './event-calls.ts';
import { UnsupportedPdkCallError } from './pdk-error.ts';

const CALLS = Symbol('calls');

interface Group {
  [CALLS]: EventCalls;
}

/** `kong.pluginServer`: what a plugin may rely on here and not on the stock plugin server. See KongPdk. */
const PLUGIN_SERVER = Object.freeze({ pipelined: true });

/**
 * The `kong` object of one event, in the form in which kong-pdk hands it to plugins: `kong.request.getHeader(name)`,
 * or `kong.request.get_header(name)`.
 *
 * @returns an object on which every function that is not in ProtoBuf:1 throws UnsupportedPdkCallError when it is called
 */
export function createPdk(calls: EventCalls): unknown {
  return groupWith(KONG, calls);
}

function groupWith(prototype: object, calls: EventCalls): Group {
  const group: Group = Object.create(prototype);
  group[CALLS] = calls;
  return group;
}

/** The prototype of `kong.a.b`: a getter for each function and group in it, and beyond those the unsupported. */
function groupPrototype(name: string): object {
  const prototype: object = Object.create(unsupportedMembers(name));
  const members = new Map<string, PdkCallSpec | undefined>();
  for (const [method, spec] of PDK_CALLS) {
    if (!method.startsWith(`${name}.`)) continue;
    const [member = '', ...rest] = method.slice(name.length + 1).split('.');
    members.set(member, rest.length === 0 ? spec : undefined);
  }
  for (const [member, spec] of members) {
    const get = spec === undefined ? nested(`${name}.${member}`) : callable(spec);
    for (const spelling of [member, camelCase(member)]) {
      Object.defineProperty(prototype, spelling, { get, enumerable: true, configurable: true });
    }
  }
  return prototype;
}

function nested(name: string): (this: Group) => Group {
  const prototype = groupPrototype(name);
  return function getGroup() {
    return groupWith(prototype, this[CALLS]);
  };
}

/** A getter rather than a method, because plugins take functions off the object: `const { getHeader } = kong.request`. */
function callable(spec: PdkCallSpec): (this: Group) => (...args: unknown[]) => unknown {
  if (spec.method === EXIT_METHOD) {
    return function getExit() {
      const calls = this[CALLS];
      return (...args) => calls.exit(args);
    };
  }
  return function getFunction() {
    const calls = this[CALLS];
    return (...args) => calls.call(spec, args);
  };
}

function camelCase(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function snakeCase(name: string): string {
  return name.replace(/[a-z][A-Z]/g, (pair) => `${pair[0]}_${pair[1]?.toLowerCase()}`);
}

/** Names that JavaScript itself looks up on any object. */
const NOT_PDK = new Set(['then', 'toJSON', 'constructor', 'valueOf', 'toString']);

function unsupportedMembers(name: string): object {
  return new Proxy(Object.create(null), {
    get: (_, member) =>
      typeof member === 'symbol' || NOT_PDK.has(member)
        ? undefined
        : unsupported(`${name}.${snakeCase(member)}`),
  });
}

function unsupported(name: string): object {
  const call = (): never => {
    throw new UnsupportedPdkCallError(name);
  };
  return new Proxy(call, {
    get: (_, member) =>
      typeof member === 'symbol' || NOT_PDK.has(member)
        ? undefined
        : unsupported(`${name}.${snakeCase(member)}`),
  });
}

const KONG = groupPrototype('kong');
Object.defineProperty(KONG, 'pluginServer', { value: PLUGIN_SERVER, enumerable: true });
