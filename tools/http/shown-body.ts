import { TextDecoder } from 'node:util'
import type { ExecuteContext, Redacted, RedactedBytes, RedactedText } from '../../src/kind.ts'

/** What a body came to. */
export interface ShownBody {
  readonly body: Redacted | string
  /** Bytes that are shown as what they are. */
  readonly data?: RedactedBytes
}

/** A body on its way to an agent: takes bytes up to a limit, and ends as what can be shown of them. */
export interface BodyCollector {
  push(bytes: Buffer): void
  /** What is pushed from here on is not shown, but may decide whether what came before can be. */
  limit(): void
  /** Whether nothing that is still to come matters. */
  readonly settled: boolean
  end(as: 'json' | 'text', bytes: number): ShownBody
  cut(bytes: number): ShownBody
}

/** Charsets in which ASCII is ASCII: in others a key is written with other bytes, or becomes other characters. */
const asciiCharset = /^(?:utf-?8|us-ascii|ascii|latin-?1|iso-8859-\d{1,2}|windows-125\d)$/i

/** Collects text, redacting as it goes; in a charset in which a key could not be found it is only described. */
export function textCollector(charset: string, text: RedactedText): BodyCollector {
  const decoder = decoderOf(charset)
  let binary = decoder === null
  const push = (piece: string) => {
    // UTF-16 that does not say so is text with NUL in between, and a key in it no form that is looked for.
    if (piece.includes('\0')) binary = true
    text.push(piece)
  }
  return {
    push(bytes) {
      if (decoder !== null) push(decoder.decode(bytes, { stream: true }))
    },
    limit: () => text.limit(),
    get settled() {
      return binary || text.settled
    },
    end(as, bytes) {
      if (decoder !== null) push(decoder.decode())
      return {
        body: binary ? described(bytes, 'they are not text in a charset that can be searched for keys') : text.end(as),
      }
    },
    cut: bytes => ({
      body: binary ? described(bytes, 'they are not text in a charset that can be searched for keys') : text.cut(),
    }),
  }
}

/** Collects what is no text; it is shown as a whole or not at all. */
export function bytesCollector(type: string | null, context: ExecuteContext): BodyCollector {
  const parts: Buffer[] = []
  let limited = false
  return {
    push(bytes) {
      if (!limited) parts.push(bytes)
    },
    limit() {
      limited = true
      parts.length = 0
    },
    get settled() {
      return limited
    },
    end(_as, bytes) {
      if (bytes === 0) return { body: '' }
      if (type === null) return { body: described(bytes, 'they are not text, and of no known type') }
      const data = context.redactedBytes(Buffer.concat(parts))
      return data === null
        ? { body: described(bytes, 'they hold a key, or cannot be searched for one') }
        : { body: `(${bytes} bytes of ${type}, as content of their own)`, data }
    },
    cut: bytes => ({ body: described(bytes, 'there are more than can be shown, and a part of them is of no use') }),
  }
}

function described(bytes: number, why: string): string {
  return `(${bytes} bytes are not shown: ${why})`
}

function decoderOf(charset: string): TextDecoder | null {
  try {
    return asciiCharset.test(charset) ? new TextDecoder(charset) : null
  } catch {
    return null
  }
}
