import { channel } from 'node:diagnostics_channel'
import type { Socket } from 'node:net'

/** The errors of requests to which not one byte of an answer had arrived. */
const untouched = new WeakSet<object>()
const sentOn = new WeakMap<object, { readonly socket: Socket; readonly bytesRead: number }>()

let watching = false

/**
 * Begins to watch undici's requests, once per process: whether a request can be sent again depends on whether an answer had
 * begun, which its errors do not tell for a connection that was used before.
 */
export function watchAnswers(): void {
  if (watching) return
  watching = true
  channel('undici:client:sendHeaders').subscribe(message => {
    const { request, socket } = message as { readonly request: object; readonly socket: Socket }
    sentOn.set(request, { socket, bytesRead: socket.bytesRead })
  })
  channel('undici:request:error').subscribe(message => {
    const { request, error } = message as { readonly request: object; readonly error: unknown }
    if (typeof error !== 'object' || error === null) return
    const sent = sentOn.get(request)
    if (sent === undefined || sent.socket.bytesRead === sent.bytesRead) untouched.add(error)
  })
}

/** Tells whether a request failed before any byte of its answer had arrived. */
export function isUntouched(error: unknown): boolean {
  return typeof error === 'object' && error !== null && untouched.has(error)
}
