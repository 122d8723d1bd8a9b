import { describe, expect, it } from 'vitest';
import { cloudTraceContext } from '../../src/cloud-run/cloud-trace-context.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN = '00f067aa0ba902b7';
const NEW = '0af7651916cd43dd8448eb211c80319c';
const context = (traceparent: string, existing = '') =>
  cloudTraceContext(traceparent, existing, () => NEW);

describe('X-Cloud-Trace-Context', () => {
  it.each([
    [`00-${TRACE}-${SPAN}-01`, `${TRACE}/67667974448284343;o=1`],
    [`00-${TRACE}-${SPAN}-00`, `${TRACE}/67667974448284343;o=0`],
    [`00-${TRACE}-${SPAN}-03`, `${TRACE}/67667974448284343;o=1`],
    [`00-${TRACE}-ffffffffffffffff-01`, `${TRACE}/18446744073709551615;o=1`],
    // A later version may have more members.
    [`cc-${TRACE}-${SPAN}-01-more`, `${TRACE}/67667974448284343;o=1`],
  ])('is made of traceparent %s', (traceparent, expected) => {
    expect(context(traceparent)).toBe(expected);
    expect(context(traceparent, `${NEW}/7;o=0`)).toBe(expected);
  });

  it.each([
    '',
    'nonsense',
    `ff-${TRACE}-${SPAN}-01`,
    `00-${'0'.repeat(32)}-${SPAN}-01`,
    `00-${TRACE}-${'0'.repeat(16)}-01`,
    `00-${TRACE.toUpperCase()}-${SPAN}-01`,
  ])('begins a trace where traceparent is no context: %j', (traceparent) => {
    expect(context(traceparent)).toBe(`${NEW}/1`);
  });

  it.each([`${TRACE}/7;o=1`, `${TRACE}/7`, TRACE])(
    'stays as a load balancer has set it where there is no traceparent: %s',
    (existing) => {
      expect(context('', existing)).toBeUndefined();
    },
  );

  it('takes the place of what is no context', () => {
    expect(context('', 'x'.repeat(40))).toBe(`${NEW}/1`);
  });
});
