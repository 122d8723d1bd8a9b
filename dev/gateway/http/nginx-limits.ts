const SMALL_BUFFER = 1024;
const LARGE_BUFFER = 8192;
const LARGE_BUFFERS = 4;
/** Measured on Kong 3.9.3. */
const MOST_LINES = 1000;

export interface SizeFault {
  status: 414 | 494;
  /** How many of the header lines nginx had read by then. */
  linesRead: number;
}

/**
 * Whether nginx has room for a request's head: a buffer of 1 KB, then up to four of 8 KB
 * (`client_header_buffer_size`, `large_client_header_buffers`), a line must fit into one buffer, and there are only so many.
 */
export function headSizeFault(requestLine: string, lines: string[]): SizeFault | undefined {
  let free = SMALL_BUFFER;
  let used = 0;
  const place = (length: number): boolean => {
    if (length <= free) {
      free -= length;
      return true;
    }
    used += 1;
    free = LARGE_BUFFER - length;
    return length <= LARGE_BUFFER && used <= LARGE_BUFFERS;
  };
  if (!place(requestLine.length + 2)) return { status: 414, linesRead: 0 };
  for (const [index, line] of lines.entries()) {
    if (index === MOST_LINES) return { status: 494, linesRead: index };
    if (!place(line.length + 2)) return { status: 494, linesRead: index };
  }
  return undefined;
}
