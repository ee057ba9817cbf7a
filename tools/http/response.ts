import type { Readable } from 'node:stream'
import { TextDecoder } from 'node:util'
import { createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from 'node:zlib'
import type { Redacted, RedactedText } from '../../src/kind.ts'
import { Refusal } from '../../src/refusal.ts'

/** A response body as an agent sees it. */
export interface ShownBody {
  readonly body: Redacted | string
  readonly truncated: boolean
  /** Bytes after decompression. */
  readonly bytes: number
}

const decoders = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
  zstd: createZstdDecompress,
}

const textual =
  /^(?:text\/|application\/(?:[a-z0-9.+-]+\+)?(?:json|xml)$|application\/(?:javascript|x-www-form-urlencoded|yaml|x-yaml|x-ndjson|graphql-response\+json)$)/
const jsonType = /^application\/(?:[a-z0-9.+-]+\+)?json$/

/**
 * Reads a body: decompresses, counts the bytes that come out, decodes the charset, redacts while
 * collecting, and stops at the cap. The decompressed size is what is capped, so a small bomb stays small.
 *
 * @param encoding the `content-encoding` field, or undefined
 * @param type the `content-type` field, or undefined
 * @throws Refusal `target_refused` for an encoding that is unknown, nested or broken
 */
export async function readBody(
  source: Readable,
  options: {
    readonly encoding: string | undefined
    readonly type: string | undefined
    readonly maxBytes: number
    readonly text: RedactedText
    readonly signal: AbortSignal
  },
): Promise<ShownBody> {
  const { type, charset } = parseContentType(options.type)
  const decoder = textDecoder(type, charset)
  const stream = decompress(source, options.encoding)
  const text = new ShownText(options.text, decoder)
  let bytes = 0
  let truncated = false
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      options.signal.throwIfAborted()
      const room = options.maxBytes - bytes
      bytes += Math.min(chunk.length, room)
      text.push(chunk.length > room ? chunk.subarray(0, room) : chunk)
      if (chunk.length <= room) continue
      if (!truncated) text.limit()
      truncated = true
      text.push(chunk.subarray(room))
      if (text.settled) return { body: text.cut(bytes), truncated, bytes }
    }
  } catch (cause) {
    if (stream !== source && !options.signal.aborted && isZlibError(cause)) {
      // An answer without a body may still carry the encoding that its body would have had.
      if (bytes === 0 && (cause as { code?: unknown }).code === 'Z_BUF_ERROR') return { body: '', truncated, bytes }
      throw new Refusal('target_refused', 'the response body could not be decompressed', { cause })
    }
    throw cause
  } finally {
    stream.destroy()
    source.destroy()
  }
  return { body: text.end(!truncated && jsonType.test(type) ? 'json' : 'text', bytes), truncated, bytes }
}

/** Bytes on their way to redacted text; what turns out not to be text is only described. */
class ShownText {
  readonly #text: RedactedText
  readonly #decoder: TextDecoder | null
  #binary: boolean

  constructor(text: RedactedText, decoder: TextDecoder | null) {
    this.#text = text
    this.#decoder = decoder
    this.#binary = decoder === null
  }

  push(bytes: Buffer): void {
    if (this.#decoder === null) return
    const piece = this.#decoder.decode(bytes, { stream: true })
    // UTF-16 that does not say so is text with NUL in between, and a key in it no form that is looked for.
    if (piece.includes('\0')) this.#binary = true
    this.#text.push(piece)
  }

  limit(): void {
    this.#text.limit()
  }

  get settled(): boolean {
    return this.#binary || this.#text.settled
  }

  cut(bytes: number): Redacted | string {
    return this.#binary ? notShown(bytes) : this.#text.cut()
  }

  end(as: 'json' | 'text', bytes: number): Redacted | string {
    if (this.#decoder !== null) this.#text.push(this.#decoder.decode())
    return this.#binary ? notShown(bytes) : this.#text.end(as)
  }
}

/** Says nothing of the type: it is the upstream's own text. */
function notShown(bytes: number): string {
  return `(${bytes} bytes that are not text are not shown)`
}

function decompress(source: Readable, encoding: string | undefined): Readable {
  const name = encoding?.trim().toLowerCase() ?? ''
  if (name === '' || name === 'identity') return source
  // Nested encodings ("gzip, gzip") multiply a bomb's factor and no honest API sends them.
  if (!Object.hasOwn(decoders, name))
    throw new Refusal('target_refused', 'the response has a content-encoding that is not accepted')
  const decoder = decoders[name as keyof typeof decoders]()
  source.once('error', error => decoder.destroy(error))
  return source.pipe(decoder)
}

function parseContentType(field: string | undefined): { readonly type: string; readonly charset: string } {
  const [type = '', ...parameters] = (field ?? '').split(';')
  const charset = parameters
    .map(parameter => /^\s*charset\s*=\s*"?([^"\s]+)"?\s*$/i.exec(parameter)?.[1])
    .find(name => name !== undefined)
  return { type: type.trim().toLowerCase(), charset: charset ?? 'utf-8' }
}

/** Charsets in which ASCII is ASCII: in others a key is written with other bytes, or becomes other characters. */
const asciiCharset = /^(?:utf-?8|us-ascii|ascii|latin-?1|iso-8859-\d{1,2}|windows-125\d)$/i

function textDecoder(type: string, charset: string): TextDecoder | null {
  if (type !== '' && !textual.test(type)) return null
  try {
    return asciiCharset.test(charset) ? new TextDecoder(charset) : null
  } catch {
    return null
  }
}

function isZlibError(error: unknown): boolean {
  const code = (error as { code?: unknown }).code
  return (
    typeof code === 'string' &&
    (code.startsWith('Z_') || code.startsWith('ERR_BROTLI') || code.startsWith('ERR__') || code.startsWith('ZSTD_'))
  )
}
