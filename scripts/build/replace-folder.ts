import { rename, rm } from 'node:fs/promises';

const ATTEMPTS = 100;

/** Puts a folder in another's place. Where several do so at once, the last one stays. */
export async function replaceFolder(place: string, folder: string): Promise<void> {
  const aside = `${folder}.replaced`;
  for (let attempt = 1; ; attempt += 1) {
    await rename(place, aside).catch(unless('ENOENT'));
    await rm(aside, { recursive: true, force: true });
    try {
      await rename(folder, place);
      return;
    } catch (error) {
      // Somebody else has put one there meanwhile.
      const { code } = error as NodeJS.ErrnoException;
      if ((code !== 'ENOTEMPTY' && code !== 'EEXIST') || attempt === ATTEMPTS) throw error;
    }
  }
}

function unless(expected: string): (error: NodeJS.ErrnoException) => void {
  return (error) => {
    if (error.code !== expected) throw error;
  };
}
