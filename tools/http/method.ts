import type { Access } from '../../src/kind.ts'

/** The request methods a tool can be given (RFC 9110, 9.3 and RFC 5789). */
export const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const

export type Method = (typeof methods)[number]

/** Tells whether a word is one of the methods; they are case-sensitive. */
export function isMethod(word: string): word is Method {
  return (methods as readonly string[]).includes(word)
}

/** Safe methods read (RFC 9110, 9.2.1); all others write. */
export function accessOf(method: Method): Access {
  return method === 'GET' || method === 'HEAD' ? 'read' : 'write'
}

/** Whether repeating a request has the effect of sending it once (RFC 9110, 9.2.2). */
export function isIdempotent(method: Method): boolean {
  return method !== 'POST' && method !== 'PATCH'
}

/** Whether a request of this method may carry a body here. */
export function takesBody(method: Method): boolean {
  return method !== 'GET' && method !== 'HEAD'
}
