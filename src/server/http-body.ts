import type { IncomingMessage } from 'node:http'

/** What became of reading a request body. */
export type ReadBody =
  | { readonly type: 'json'; readonly value: unknown }
  | { readonly type: 'too_large' | 'invalid' | 'gone' }

/** Reads a JSON body of at most `maxBytes`; invalid UTF-8 is not repaired, it is invalid. */
export async function readJsonBody(request: IncomingMessage, maxBytes: number): Promise<ReadBody> {
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) return { type: 'too_large' }
  const chunks: Buffer[] = []
  let length = 0
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      length += chunk.length
      if (length > maxBytes) return { type: 'too_large' }
      chunks.push(chunk)
    }
  } catch {
    return { type: 'gone' }
  }
  const bytes = chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)
  try {
    return { type: 'json', value: JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) }
  } catch {
    return { type: 'invalid' }
  }
}
