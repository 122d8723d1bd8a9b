import { describe, expect, it } from 'vitest';
import { forwardHeaders } from '../../../dev/cloud-run/forward-headers.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';

describe('forwardHeaders', () => {
  it('leaves out the headers of the connection and those reserved for Google', () => {
    const headers = forwardHeaders(
      {
        connection: ['keep-alive'],
        te: ['trailers'],
        'x-google-internal': ['1'],
        'x-own': ['a', 'b'],
      },
      undefined,
      '10.0.0.9',
    );
    expect(Object.keys(headers).sort()).toEqual([
      'forwarded',
      'traceparent',
      'x-cloud-trace-context',
      'x-forwarded-for',
      'x-forwarded-proto',
      'x-own',
    ]);
    expect(headers['x-own']).toEqual(['a', 'b']);
  });

  it('adds the client at the end of the forwarding headers', () => {
    const received = { 'x-forwarded-for': ['198.51.100.1'], forwarded: ['for="198.51.100.1"'] };
    const headers = forwardHeaders(received, undefined, '::1');
    expect(headers['x-forwarded-for']).toBe('198.51.100.1, ::1');
    expect(headers.forwarded).toBe('for="198.51.100.1", for="[::1]";proto=http');
    expect(headers['x-forwarded-proto']).toBe('http');
  });

  it('starts a trace, the same in both headers, when there is none', () => {
    const headers = forwardHeaders({}, undefined, '10.0.0.9');
    const [, trace, span] =
      /^00-([0-9a-f]{32})-([0-9a-f]{16})-00$/.exec(String(headers.traceparent)) ?? [];
    expect(headers['x-cloud-trace-context']).toBe(`${trace}/${BigInt(`0x${span}`)};o=0`);
  });

  it('continues the trace of traceparent', () => {
    const traceparent = `00-${TRACE}-00f067aa0ba902b7-01`;
    const headers = forwardHeaders({ traceparent: [traceparent] }, undefined, '10.0.0.9');
    expect(headers.traceparent).toBe(traceparent);
    expect(headers['x-cloud-trace-context']).toBe(`${TRACE}/${0x00f067aa0ba902b7n};o=1`);
  });

  it('continues the trace of X-Cloud-Trace-Context', () => {
    const context = `${TRACE}/123;o=1`;
    const headers = forwardHeaders({ 'x-cloud-trace-context': [context] }, undefined, '10.0.0.9');
    expect(headers['x-cloud-trace-context']).toBe(context);
    expect(headers.traceparent).toMatch(new RegExp(`^00-${TRACE}-[0-9a-f]{16}-01$`));
  });
});
