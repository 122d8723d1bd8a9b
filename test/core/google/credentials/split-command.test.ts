import { describe, expect, it } from 'vitest';
import { splitCommand } from '../../../../src/core/google/credentials/split-command.ts';

describe('a command line', () => {
  it.each([
    ['/bin/token', ['/bin/token']],
    ['  /bin/token  --a=1\t--b ', ['/bin/token', '--a=1', '--b']],
    ['"/opt/my tools/token" "a b" ""', ['/opt/my tools/token', 'a b', '']],
    ['/bin/token --a="b c" d"e f"', ['/bin/token', '--a="b c"', 'd"e f"']],
    ["/bin/token 'a b' $HOME `id` \\ ;|", ['/bin/token', "'a", "b'", '$HOME', '`id`', '\\', ';|']],
  ])('is split at spaces outside double quotes: %s', (command, words) => {
    expect(splitCommand(command)).toEqual(words);
  });

  it.each([[''], ['   '], ['"'], ['/bin/token "a'], ['/bin/token a" "b"']])(
    'is none where it is %j',
    (command) => expect(splitCommand(command)).toBeUndefined(),
  );
});
