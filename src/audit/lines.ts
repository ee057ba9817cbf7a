import { readSync } from 'node:fs'

const newline = 0x0a
const chunkBytes = 256 * 1024

/** No line of ours is longer; a longer one ends the reading instead of filling the memory. */
export const maxLineBytes = 16 * 1024 * 1024

/**
 * Reads the lines of a file between two offsets, without their newlines. A line's bytes are valid until the next is asked for.
 * Returns how many bytes are left after the last whole line.
 */
export function* readLines(fd: number, from: number, to: number): Generator<Buffer, number> {
  let buffer = Buffer.allocUnsafe(chunkBytes)
  let held = 0
  let position = from
  while (position < to) {
    if (held === buffer.length) {
      if (held >= maxLineBytes) break
      buffer = Buffer.concat([buffer], buffer.length * 2)
    }
    const read = readSync(fd, buffer, held, Math.min(buffer.length - held, to - position), position)
    if (read === 0) return held
    position += read
    const filled = buffer.subarray(0, held + read)
    let start = 0
    for (let end = filled.indexOf(newline, held); end !== -1; end = filled.indexOf(newline, start)) {
      yield filled.subarray(start, end)
      start = end + 1
    }
    filled.copyWithin(0, start)
    held = filled.length - start
  }
  return held + (to - position)
}

/** The offset just after the last newline before `size`; 0 when there is none. */
export function endOfLastLine(fd: number, size: number): number {
  const chunk = Buffer.allocUnsafe(Math.min(chunkBytes, size))
  for (let end = size; end > 0; end -= chunk.length) {
    const start = Math.max(0, end - chunk.length)
    const found = readFully(fd, chunk.subarray(0, end - start), start).lastIndexOf(newline)
    if (found !== -1) return start + found + 1
  }
  return 0
}

/** Reads the lines before `end`, which is just after a newline or 0, last line first. Each is a copy of its own. */
export function* readLinesBackward(fd: number, end: number): Generator<Buffer> {
  let carry: Buffer = Buffer.alloc(0)
  let position = Math.max(0, end - 1)
  if (end === 0) return
  while (position > 0) {
    if (carry.length > maxLineBytes) throw new Error(`a line before offset ${position} is too long to be a record`)
    // Grows with what is carried, or a long line would be copied once per chunk.
    const length = Math.min(position, Math.max(chunkBytes, carry.length))
    position -= length
    const joined = Buffer.concat([readFully(fd, Buffer.allocUnsafe(length), position), carry])
    let stop = joined.length
    for (let found = joined.lastIndexOf(newline); found !== -1; ) {
      yield joined.subarray(found + 1, stop)
      stop = found
      found = stop === 0 ? -1 : joined.lastIndexOf(newline, stop - 1)
    }
    carry = joined.subarray(0, stop)
  }
  yield carry
}

function readFully(fd: number, target: Buffer, from: number): Buffer {
  let filled = 0
  while (filled < target.length) {
    const read = readSync(fd, target, filled, target.length - filled, from + filled)
    if (read === 0) throw new Error('the file became shorter while it was read')
    filled += read
  }
  return target
}
