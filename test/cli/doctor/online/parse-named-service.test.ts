import { expect, it } from 'vitest';
import { parseNamedService } from '../../../../src/cli/doctor/online/parse-named-service.ts';
import { SERVICE } from './support.ts';

it('reads a route and its service', () => {
  expect(parseNamedService(`tasks=${SERVICE}`)).toEqual(['tasks', SERVICE]);
});

it('takes a route with = in its name', () => {
  expect(parseNamedService(`a=b=${SERVICE}`)).toEqual(['a=b', SERVICE]);
});

it.each(['', 'tasks', `=${SERVICE}`, SERVICE, 'tasks=tasks', `tasks=${SERVICE}/x`])(
  'does not read %j',
  (text) => {
    expect(parseNamedService(text)).toBeUndefined();
  },
);
