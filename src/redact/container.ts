import { brotliDecompressSync, constants, gunzipSync, inflateRawSync, inflateSync } from 'node:zlib'

/** The most bytes that a container may have inflated to. */
const maxInflatedBytes = 16 * 1_024 * 1_024

/** First bytes, in hexadecimal, of compressed forms that cannot be looked into here. */
const opaque = (
  '504b0304 504b0506 504b0708 28b52ffd fd377a585a00 5d0000 425a68 377abcaf271c 526172211a07 04224d18 02214c18 ' +
  '1f9d 1fa0 ff060000734e61507059 4c5a4950 4d534346 78617221'
)
  .split(' ')
  .map(hex => Buffer.from(hex, 'hex'))

/** Skippable frames, with which a zstd or lz4 file may begin. */
const skippable = /^[\x50-\x5f]\x2a\x4d\x18/

const pngSignature = Buffer.from('89504e470d0a1a0a', 'hex')

/**
 * Inflates what is compressed within bytes, to be searched as well: gzip, zlib, and the texts of a PNG image.
 * Null when there is something that cannot be looked into: another container, one in another, one that is broken or too large.
 */
export function inflatedPartsOf(bytes: Buffer): readonly Buffer[] | null {
  if (isOpaque(bytes)) return null
  if (isGzip(bytes)) return inflateAll([bytes], gunzipSync)
  if (isZlib(bytes)) return inflateAll([bytes], inflateSync)
  if (!bytes.subarray(0, 8).equals(pngSignature)) return unmarkedIn(bytes)
  const texts = [...chunksOf(bytes)].map(compressedIn).filter(part => part !== null)
  return inflateAll(texts, inflateSync)
}

/** Raw deflate (RFC 1951) and brotli (RFC 7932) have no first bytes to be known by: they are tried. */
function unmarkedIn(bytes: Buffer): readonly Buffer[] | null {
  const tried = [inflateOne(bytes, inflateRawSync, maxInflatedBytes), unbrotli(bytes)]
  if (tried.includes('too large')) return null
  return tried.filter(result => typeof result !== 'string')
}

function unbrotli(bytes: Buffer): Buffer | 'broken' | 'too large' {
  try {
    return brotliDecompressSync(bytes, {
      maxOutputLength: maxInflatedBytes,
      finishFlush: constants.BROTLI_OPERATION_FLUSH,
    })
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE' ? 'too large' : 'broken'
  }
}

function isOpaque(bytes: Buffer): boolean {
  if (opaque.some(magic => bytes.subarray(0, magic.length).equals(magic))) return true
  return skippable.test(bytes.toString('latin1', 0, 4)) || endsAsZip(bytes)
}

/** A zip is read from its end, so anything may stand before it. */
function endsAsZip(bytes: Buffer): boolean {
  const [recordLength, longestComment] = [22, 0xffff]
  const tail = bytes.subarray(Math.max(0, bytes.length - recordLength - longestComment))
  const at = tail.lastIndexOf('PK\x05\x06', undefined, 'latin1')
  return at !== -1 && tail.length - at >= recordLength
}

function isGzip(bytes: Buffer): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b
}

/** RFC 1950, 2.2: deflate, a window of at most 32 kB, and a check of the two bytes. */
function isZlib(bytes: Buffer): boolean {
  const [first = 0, second = 0] = bytes
  return (first & 0x0f) === 8 && first <= 0x78 && (first * 256 + second) % 31 === 0
}

type Inflate = typeof inflateSync

function inflateAll(parts: readonly Buffer[], inflate: Inflate): readonly Buffer[] | null {
  let left = maxInflatedBytes
  const inflated: Buffer[] = []
  for (const part of parts) {
    const result = inflateOne(part, inflate, left)
    if (result === 'broken' && isTextAfterAll(part)) continue
    if (typeof result === 'string' || isOpaque(result) || isGzip(result) || isZlib(result)) return null
    left -= result.length
    inflated.push(result)
  }
  return inflated
}

/** `8O`, `HK` and `(S` are right by the check as well; only the window that everybody uses is taken at its word. */
function isTextAfterAll(bytes: Buffer): boolean {
  return isZlib(bytes) && bytes[0] !== 0x78
}

function inflateOne(bytes: Buffer, inflate: Inflate, maxBytes: number): Buffer | 'broken' | 'too large' {
  if (maxBytes <= 0) return 'too large'
  try {
    // Flushed, because what was cut off can be read up to there by whoever gets it.
    return inflate(bytes, { maxOutputLength: maxBytes, finishFlush: constants.Z_SYNC_FLUSH })
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE' ? 'too large' : 'broken'
  }
}

interface Chunk {
  readonly type: string
  readonly data: Buffer
}

/** PNG, 5.3: length, type, data, checksum. What does not fit in is left; it is searched as it is. */
function* chunksOf(bytes: Buffer): Generator<Chunk> {
  for (let at = pngSignature.length; at + 8 <= bytes.length; ) {
    const length = bytes.readUInt32BE(at)
    yield { type: bytes.toString('latin1', at + 4, at + 8), data: bytes.subarray(at + 8, at + 8 + length) }
    at += 12 + length
  }
}

/** PNG, 11.3: the compressed data of a text or of a colour profile; null when the chunk has none. */
function compressedIn({ type, data }: Chunk): Buffer | null {
  const afterKeyword = data.indexOf(0) + 1
  if (afterKeyword === 0) return null
  switch (type) {
    case 'zTXt':
    case 'iCCP':
      return data.subarray(afterKeyword + 1)
    case 'iTXt': {
      if (data[afterKeyword] !== 1) return null
      const afterLanguage = data.indexOf(0, afterKeyword + 2) + 1
      const afterTranslation = data.indexOf(0, afterLanguage) + 1
      return afterLanguage === 0 || afterTranslation === 0 ? null : data.subarray(afterTranslation)
    }
    default:
      return null
  }
}
