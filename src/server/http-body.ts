import type { IncomingMessage } from 'node:http'

/** Keeps no state between calls, since each decodes a whole body. */
const strictUtf8 = new TextDecoder('utf-8', { fatal: true })

/** What became of reading a request body. */
export type ReadBody =
  | { readonly type: 'json'; readonly value: unknown }
  | { readonly type: 'too_large' | 'invalid' | 'gone' }

/**
 * Reads a JSON body of at most `maxBytes`; invalid UTF-8 is not repaired, it is invalid.
 *
 * @param onAcceptable told when the declared size is no reason to refuse, before anything is read
 */
export async function readJsonBody(
  request: IncomingMessage,
  maxBytes: number,
  onAcceptable: () => void,
): Promise<ReadBody> {
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) return { type: 'too_large' }
  onAcceptable()
  const bytes = await collect(request, maxBytes)
  if (typeof bytes === 'string') return { type: bytes }
  try {
    return { type: 'json', value: JSON.parse(strictUtf8.decode(bytes)) }
  } catch {
    return { type: 'invalid' }
  }
}

function collect(request: IncomingMessage, maxBytes: number): Promise<Buffer | 'too_large' | 'gone'> {
  return new Promise(resolve => {
    let bytes = Buffer.alloc(0)
    let length = 0
    const take = (chunk: Buffer) => {
      const end = length + chunk.length
      if (end > maxBytes) {
        // The rest is read and thrown away: closing now would reset the connection, and the client, which
        // is still sending, would lose the answer that says why (RFC 9112, 9.6). The request timeout bounds it.
        request.off('data', take).resume()
        resolve('too_large')
        return
      }
      // Copied, not kept in a list: a body sent in chunks of one byte would take 400 times its size.
      if (end > bytes.length) bytes = larger(bytes, end)
      chunk.copy(bytes, length)
      length = end
    }
    request.on('data', take)
    request.once('end', () => resolve(bytes.subarray(0, length)))
    request.once('close', () => resolve('gone'))
  })
}

function larger(bytes: Buffer, needed: number): Buffer<ArrayBuffer> {
  const copy = Buffer.allocUnsafe(Math.max(needed, bytes.length * 2))
  bytes.copy(copy)
  return copy
}

/**
 * Whether a value has more levels than the given number. `JSON.parse` reads any depth, but what walks over
 * the value afterwards (`JSON.stringify`, schemas) overflows the stack.
 */
export function nestsDeeperThan(levels: number, value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  return levels === 0 || Object.values(value).some(inner => nestsDeeperThan(levels - 1, inner))
}
