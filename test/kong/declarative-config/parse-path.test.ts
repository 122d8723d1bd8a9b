import { expect, it } from 'vitest';
import { parsePath } from '../../../src/kong/declarative-config/parse-path.ts';
import { renderPath } from '../../../src/kong/declarative-config/render-path.ts';

it.each([
  [
    'services[0].routes[12].plugins[2].config',
    ['services', 0, 'routes', 12, 'plugins', 2, 'config'],
  ],
  ['config.grid[1][2]', ['config', 'grid', 1, 2]],
  ['plugins', ['plugins']],
])('%s is taken apart into what it was rendered of', (text, path) => {
  expect(parsePath(text)).toEqual(path);
  expect(renderPath(path)).toBe(text);
});
