import type { LogLevel } from '../http/gateway-state.ts';
import { LuaError } from '../lua/lua-error.ts';
import { field, isTable, luaToString, toText } from '../lua/value.ts';
import { onlyIn, type PdkFunction } from './pdk.ts';

const LEVELS: LogLevel[] = ['debug', 'info', 'notice', 'warn', 'err', 'crit', 'alert', 'emerg'];

function logAt(level: LogLevel): PdkFunction {
  return ({ gateway, plugin }, ...args) => {
    gateway.log(level, `[${plugin.name}] ${args.map((arg) => toText(luaToString(arg))).join('')}`);
    return undefined;
  };
}

/** kong.log */
export const logFunctions: Record<string, PdkFunction> = {
  ...Object.fromEntries(LEVELS.map((level) => [`kong.log.${level}`, logAt(level)])),
  'kong.log': logAt('notice'),

  'kong.log.set_serialize_value': (context, key, value, options) => {
    onlyIn(context, 'rewrite', 'access', 'log');
    if (typeof key !== 'string') throw new LuaError('key must be a string');
    const mode = (isTable(options) ? field(options, 'mode') : undefined) ?? 'set';
    if (mode !== 'set' && mode !== 'add' && mode !== 'replace') {
      throw new LuaError("mode must be 'set', 'add' or 'replace'");
    }
    context.exchange.serializeValues.push({ key, value, mode });
    return undefined;
  },

  'kong.log.serialize': (context) => {
    if (context.saved !== undefined) return context.saved.serialized;
    onlyIn(context, 'log');
    return undefined;
  },
};
