import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { REPOSITORY } from '../../dev/stack/start-stack.ts';
import { INVALID_BINDING } from '../../src/authorizer/proof/invalid-binding.ts';
import { INVALID_DPOP_PROOF } from '../../src/authorizer/proof/invalid-dpop-proof.ts';
import { INVALID_TOKEN } from '../../src/authorizer/token/invalid-token.ts';
import { REFUSALS } from '../../src/core/refusal.ts';

const page = readFileSync(path.join(REPOSITORY, 'docs/errors.md'), 'utf8');

/** The cells of the tables under a heading, without the tables' own headings. */
function rowsUnder(heading: string): string[][] {
  const [, rest = ''] = page.split(`\n## ${heading}\n`);
  const [section = ''] = rest.split('\n## ');
  const tables = section
    .trim()
    .split(/\n\n+/)
    .filter((block) => block.startsWith('|'));
  return tables.flatMap((table) =>
    table
      .trim()
      .split('\n')
      .slice(2)
      .map((line) => line.split(/(?<!\\)\|/).map((cell) => cell.trim()))
      .map((cells) => cells.slice(1, -1)),
  );
}

describe('docs/errors.md', () => {
  it('has each code once, with its status, and no other', () => {
    const documented = rowsUnder('Codes').map(([code, status]) => [code, status]);
    const codes = Object.entries(REFUSALS).map(([code, { status }]) => [
      `\`${code}\``,
      String(status),
    ]);
    expect(documented.sort()).toEqual(codes.sort());
  });

  // A proof without a current nonce is refused with a code of its own.
  const { use_nonce: _, ...invalidDpopProof } = INVALID_DPOP_PROOF;

  it.each([
    ['invalid_token', { ...INVALID_TOKEN, ...INVALID_BINDING }],
    ['invalid_dpop_proof', invalidDpopProof],
  ])('has each description of %s once, and no other', (code, descriptions) => {
    const documented = rowsUnder(code).map(([description]) => description);
    expect(documented.sort()).toEqual(Object.values(descriptions).sort());
  });

  it('says of each what to do about it', () => {
    const rows = ['Codes', 'invalid_token', 'invalid_dpop_proof'].flatMap(rowsUnder);
    expect(rows.filter((cells) => cells.length < 3 || cells.at(-1) === '')).toEqual([]);
  });
});
