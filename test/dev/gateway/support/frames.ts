const LENGTH_BYTES = 4;

/** Frames as ProtoBuf:1 has them: a little-endian uint32 with the length, and that many bytes. */
export function toFrames(...payloads: (Uint8Array | string)[]): Buffer {
  return Buffer.concat(
    payloads.flatMap((payload) => {
      const bytes = Buffer.from(payload);
      const length = Buffer.alloc(LENGTH_BYTES);
      length.writeUInt32LE(bytes.length);
      return [length, bytes];
    }),
  );
}

/** Takes chunks and gives the payloads of the frames that they complete. */
export function frameSplitter(): (chunk: Buffer) => Buffer[] {
  let rest: Buffer = Buffer.alloc(0);
  return (chunk) => {
    const payloads: Buffer[] = [];
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= LENGTH_BYTES) {
      const end = LENGTH_BYTES + rest.readUInt32LE();
      if (rest.length < end) break;
      payloads.push(rest.subarray(LENGTH_BYTES, end));
      rest = rest.subarray(end);
    }
    return payloads;
  };
}
