import type { Json } from '../../src/kind.ts'

/**
 * The most characters of JSON that an answer's body may come to. An answer is sent twice in one message, as structure and as
 * JSON text within JSON, where some characters take thirteen; clients end a session over a message of more than 10 MB.
 */
const maxWritten = 8_000_000

/** A body of at most this many bytes fits whatever is in it. */
export const alwaysFits = 600_000

/** Cuts a body that has been redacted so that the message it is sent in is not too large; null when nothing has to be cut. */
export function fitted(body: Json): string | null {
  if (written(body) <= maxWritten) return null
  let text = typeof body === 'string' ? body : JSON.stringify(body)
  for (let size = written(text); size > maxWritten; size = written(text)) {
    text = text.slice(0, Math.floor(text.length * Math.min(0.9, maxWritten / size)))
  }
  return text.toWellFormed()
}

function written(body: Json): number {
  const once = JSON.stringify(body)
  return once.length + JSON.stringify(once).length
}
