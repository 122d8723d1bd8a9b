import { expect, it } from 'vitest';
import { InstanceTable } from '../../src/plugin-server/instance-table.ts';

it('gives equal instances one value, until the last of them is closed', () => {
  const table = new InstanceTable<object>();
  let created = 0;
  const create = () => {
    created += 1;
    return { created };
  };
  const first = table.set(1, 'key', create);
  expect(table.set(2, 'key', create)).toBe(first);
  table.delete(1);
  expect(table.get(1)).toBeUndefined();
  expect(table.get(2)).toBe(first);
  table.delete(2);
  expect(table.shared('key')).toBeUndefined();
  expect(table.set(3, 'key', create)).not.toBe(first);
});

it('closes an instance twice without harm to others', () => {
  const table = new InstanceTable<string>();
  table.set(1, 'key', () => 'a');
  table.set(2, 'key', () => 'a');
  table.delete(1);
  table.delete(1);
  expect(table.get(2)).toBe('a');
  expect(table.shared('key')).toBe('a');
});

it('drops the instance that has not been used for longest, and its value with it', () => {
  const table = new InstanceTable<string>(2);
  table.set(1, 'a', () => 'a');
  table.set(2, 'b', () => 'b');
  table.get(1);
  table.set(3, 'c', () => 'c');
  expect([...table.entries()]).toEqual([
    [1, 'a'],
    [3, 'c'],
  ]);
  expect(table.shared('b')).toBeUndefined();
});
