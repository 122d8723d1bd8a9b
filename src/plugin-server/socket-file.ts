import { lstat, unlink } from 'node:fs/promises';
import { connect } from 'node:net';

/**
 * Makes way for a socket at a path: removes one that a crashed server has left behind, and nothing else.
 *
 * @throws Error where a server listens there, or where something else than a socket is in the way
 */
export async function claimSocketPath(path: string): Promise<void> {
  // sun_path holds 108 bytes with its terminator (unix(7)); a longer path would be cut off silently.
  if (Buffer.byteLength(path) > 107) {
    throw new Error(`--socket ${path}: a socket's path may have 107 bytes at most`);
  }
  const found = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw new Error(`--socket ${path}: ${error.code}`);
  });
  if (found === undefined) return;
  if (!found.isSocket()) {
    throw new Error(
      `--socket ${path}: there is a file that is no socket; remove it or choose another path`,
    );
  }
  if (await isListening(path)) {
    throw new Error(
      `--socket ${path}: another server listens there; stop it first or choose another path`,
    );
  }
  await unlink(path);
}

function isListening(path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const connection = connect(path);
    connection.once('connect', () => {
      connection.destroy();
      resolve(true);
    });
    connection.once('error', (error: NodeJS.ErrnoException) => {
      // EAGAIN: its queue is full, so there is one.
      if (error.code === 'EAGAIN') resolve(true);
      else if (error.code === 'ECONNREFUSED' || error.code === 'ENOENT') resolve(false);
      else reject(new Error(`--socket ${path}: ${error.code}`));
    });
  });
}
