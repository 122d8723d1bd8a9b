/**
 * Redis, or the way to it, failed. The message is safe to log, and there is no cause: errors of the driver hold the
 * command with its arguments, among them the password, and Redis itself repeats arguments in some of its answers.
 */
export class RedisFailure extends Error {
  override readonly name = 'RedisFailure';
  /** The first word of an error that Redis answered with, such as `READONLY`. */
  readonly answered: string | undefined;

  constructor(message: string, answered?: string) {
    super(message);
    this.answered = answered;
  }
}

/** @param command its name alone */
export function toRedisFailure(error: unknown, command?: string): RedisFailure {
  if (error instanceof RedisFailure) return error;
  const { name, message, code } = error as Partial<NodeJS.ErrnoException>;
  if (name === 'ReplyError') {
    const word = /^[A-Z]{2,32}(?= |$)/.exec(message ?? '')?.[0] ?? 'an error';
    const to = command === undefined ? '' : ` to ${command}`;
    return new RedisFailure(`Redis answered ${word}${to}`, word);
  }
  if (typeof code === 'string' && /^[A-Z][A-Z0-9_]{1,63}$/.test(code)) {
    return new RedisFailure(`the connection failed: ${code}`);
  }
  return new RedisFailure('the connection was lost');
}
