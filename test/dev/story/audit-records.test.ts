import { expect, it } from 'vitest';
import { auditRecords } from '../../../dev/story/audit-records.ts';

it('finds the records among other lines, also behind what Kong puts around them', () => {
  const record = '{"type":"authz","sequence":1,"rule":"a } b"}';
  const lines = ['{"level":50}', record, `2026/11/25 [notice] [p:1] ${record}, context: x`, 'x'];
  expect(auditRecords(lines).map(({ sequence }) => sequence)).toEqual([1, 1]);
});
