/** In one channel, those included that have expired and are not deleted yet. */
export const MOST_ENTRIES = 100_000;

/** Connections that nobody has needed for as long are closed, and made again with the next request. */
export const IDLE_MS = 600_000;
