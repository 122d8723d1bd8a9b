import { expect, it } from 'vitest';
import { canonicalConfig } from '../../src/plugin-server/canonical-config.ts';

it('is the same for the same configuration of another nginx worker', () => {
  expect(canonicalConfig('{"b":[{"y":1,"x":2}],"__seq__":3,"a":null}')).toBe(
    canonicalConfig('{"a":null,"b":[{"x":2,"y":1}],"__seq__":8}'),
  );
});

it('keeps the order of lists, every value, and members called __proto__', () => {
  expect(canonicalConfig('{"l":[2,1],"__proto__":{"z":false,"a":"x"}}')).toBe(
    '{"__proto__":{"a":"x","z":false},"l":[2,1]}',
  );
});

it('is another for another plugin id', () => {
  expect(canonicalConfig('{"__plugin_id":"a"}')).not.toBe(canonicalConfig('{"__plugin_id":"b"}'));
});

it('throws on what is no JSON', () => {
  expect(() => canonicalConfig('{')).toThrow(SyntaxError);
});
