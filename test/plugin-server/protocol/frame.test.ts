import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  encodeFrame,
  FrameReader,
  FrameTooLongError,
} from '../../../src/plugin-server/protocol/frame.ts';

function readAll(reader: FrameReader): Buffer[] {
  const frames: Buffer[] = [];
  for (let frame = reader.next(); frame !== undefined; frame = reader.next()) frames.push(frame);
  return frames;
}

describe('FrameReader', () => {
  it('gives the same frames however the bytes are cut up', () => {
    const payloads = fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 20 });
    const cuts = fc.array(fc.nat({ max: 4_000 }));
    fc.assert(
      fc.property(payloads, cuts, (sent, positions) => {
        const bytes = Buffer.concat(sent.map(encodeFrame));
        const reader = new FrameReader(1_000);
        const edges = [0, ...positions.filter((at) => at < bytes.length), bytes.length].sort(
          (a, b) => a - b,
        );
        const received = edges.flatMap((edge, index) => {
          reader.push(bytes.subarray(edge, edges[index + 1] ?? bytes.length));
          return readAll(reader);
        });
        expect(received.map((frame) => [...frame])).toEqual(sent.map((payload) => [...payload]));
        expect(reader.hasUnfinishedFrame).toBe(false);
      }),
    );
  });

  it('refuses a frame by its length, before its bytes have come', () => {
    const reader = new FrameReader(10);
    reader.push(Buffer.from([11, 0, 0, 0]));
    expect(() => reader.next()).toThrow(FrameTooLongError);
  });

  it('knows that a frame is unfinished', () => {
    const reader = new FrameReader(10);
    reader.push(Buffer.from([2, 0, 0]));
    expect(reader.next()).toBeUndefined();
    expect(reader.hasUnfinishedFrame).toBe(true);
  });

  it('joins a frame that comes byte by byte in time that grows with its length alone', () => {
    const payload = Buffer.alloc(300_000, 'x');
    const reader = new FrameReader(1_000_000);
    const bytes = encodeFrame(payload);
    let joined = 0;
    const { concat } = Buffer;
    Buffer.concat = (list, length) => {
      joined += 1;
      return concat(list, length);
    };
    try {
      for (let at = 0; at < bytes.length - 1; at += 10) {
        reader.push(bytes.subarray(at, Math.min(at + 10, bytes.length - 1)));
        expect(reader.next()).toBeUndefined();
      }
      reader.push(bytes.subarray(-1));
      expect(reader.next()?.equals(payload)).toBe(true);
    } finally {
      Buffer.concat = concat;
    }
    expect(joined).toBeLessThan(5);
  });
});
