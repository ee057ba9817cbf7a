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
  let bytes = 0
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      options.signal.throwIfAborted()
      const room = options.maxBytes - bytes
      bytes += Math.min(chunk.length, room)
      if (decoder !== null)
        options.text.push(decoder.decode(chunk.length > room ? chunk.subarray(0, room) : chunk, { stream: true }))
      if (chunk.length > room) return { body: shown(options.text.cut(), type, bytes, decoder), truncated: true, bytes }
    }
  } catch (cause) {
    if (stream !== source && !options.signal.aborted && isZlibError(cause)) {
      throw new Refusal('target_refused', 'the response body could not be decompressed', { cause })
    }
    throw cause
  } finally {
    stream.destroy()
    source.destroy()
  }
  if (decoder !== null) options.text.push(decoder.decode())
  return {
    body: shown(options.text.end(jsonType.test(type) ? 'json' : 'text'), type, bytes, decoder),
    truncated: false,
    bytes,
  }
}

function shown(text: Redacted, type: string, bytes: number, decoder: TextDecoder | null): Redacted | string {
  return decoder === null ? `(${bytes} bytes of ${type === '' ? 'binary data' : type} not shown)` : text
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

/** Text is decoded before it is redacted, since in another charset the same secret has other bytes. */
function textDecoder(type: string, charset: string): TextDecoder | null {
  if (type !== '' && !textual.test(type)) return null
  try {
    return new TextDecoder(charset)
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
