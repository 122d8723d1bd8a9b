import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { shellQuote } from '../../../dev/stack/shell-quote.ts';

it.each(['plain', 'a b', "bob's", '$HOME `id` "x" \\ *', 'line\nline', ''])(
  'makes one word of %j for a shell',
  (text) => {
    const command = `printf '<%s>' ${shellQuote(text)}`;
    expect(execFileSync('/bin/sh', ['-c', command], { encoding: 'utf8' })).toBe(`<${text}>`);
  },
);
