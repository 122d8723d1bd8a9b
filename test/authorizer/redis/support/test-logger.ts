import type { Logger } from '../../../../src/core/logger.ts';

export interface TestLogger extends Logger {
  lines: { level: keyof Logger; fields: Record<string, unknown>; message: string }[];
  /** The messages of one level. */
  messages: (level: keyof Logger) => string[];
}

export function createTestLogger(): TestLogger {
  const lines: TestLogger['lines'] = [];
  const at = (level: keyof Logger) => (fields: Record<string, unknown>, message: string) => {
    lines.push({ level, fields, message });
  };
  return {
    lines,
    messages: (level) => lines.filter((line) => line.level === level).map((line) => line.message),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
  };
}
