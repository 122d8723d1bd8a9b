/** What `error()` throws in Kong: in a plugin's event it ends the request with a 500. */
export class LuaError extends Error {
  override readonly name = 'LuaError';
}
