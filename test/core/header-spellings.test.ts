import { expect, it } from 'vitest';
import { headerSpellings } from '../../src/core/header-spellings.ts';

it('gives every mix of hyphens and underscores, the name itself first', () => {
  expect(headerSpellings('X-User-Id')).toEqual([
    'x-user-id',
    'x_user-id',
    'x-user_id',
    'x_user_id',
  ]);
});

it('gives a name without separators alone', () => {
  expect(headerSpellings('Email')).toEqual(['email']);
});
