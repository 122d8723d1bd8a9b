import type { z } from 'zod';
import { ConfigError } from '../../config-error.ts';
import type { JsonObject } from '../../json.ts';

/**
 * Reads the members of a credential that matter; Google may add others.
 *
 * @param schema whose errors do not repeat values, for they may be secrets
 * @throws ConfigError with each member that is wrong
 */
export function readMembers<T>(schema: z.ZodType<T>, json: JsonObject, where: string): T {
  const { success, data, error } = schema.safeParse(json);
  if (success) return data;
  throw new ConfigError(
    error.issues.map(({ path, message }) =>
      path.length === 0 ? `${where}: ${message}` : `${where}: ${path.join('.')} ${message}`,
    ),
  );
}
