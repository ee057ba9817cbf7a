const bytesPerId = 10
const idsPerDraw = 100

/**
 * Makes a source of call ids: UUIDv7 (RFC 9562, 5.7), so that ids sort by the millisecond of their call.
 * Randomness is drawn for many ids at a time, since a draw costs more than an id.
 */
export function callIds(clock: () => number, random: (size: number) => Uint8Array): () => string {
  const id = Buffer.alloc(16)
  let pool: Uint8Array = new Uint8Array(0)
  let used = 0
  return () => {
    if (used + bytesPerId > pool.length) {
      pool = random(bytesPerId * idsPerDraw)
      used = 0
    }
    id.set(pool.subarray(used, used + bytesPerId), 6)
    used += bytesPerId
    id.writeUIntBE(clock(), 0, 6)
    id.writeUInt8(0x70 | (id.readUInt8(6) & 0x0f), 6)
    id.writeUInt8(0x80 | (id.readUInt8(8) & 0x3f), 8)
    const hex = id.toString('hex')
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
  }
}
