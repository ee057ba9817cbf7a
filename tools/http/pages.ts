import type { ExecuteContext, Json } from '../../src/kind.ts'
import type { Response } from './attempt.ts'
import { further } from './follow.ts'
import { nextLink } from './link.ts'
import type { HttpRequest } from './request.ts'
import { type Read, type Reading, readResponse } from './response.ts'
import type { Send } from './send.ts'

/** Several pages, put together. */
export interface Pages {
  /** Lists are joined; other bodies become a list of bodies. */
  readonly body: Json | undefined
  readonly pages: number
  /** Whether the API has further pages. */
  readonly more: boolean
  readonly hint: string | undefined
  /** Of the pages after the first. */
  readonly bytes: number
}

/**
 * Collects the pages that follow a first one (RFC 8288, `rel="next"`), each judged by the gate as the first was, until there is
 * none, the number or the size is reached, or one cannot be had. Null when the answer is not the first of several.
 */
export async function collectPages(options: {
  readonly request: HttpRequest
  readonly response: Response
  readonly read: Read
  readonly reading: Reading
  readonly send: Send
  readonly context: ExecuteContext
}): Promise<Pages | null> {
  const { reading, send, context } = options
  const max = reading.pages?.max ?? 1
  let { request, response } = options
  let link = nextLink(response.headers['link'])
  if (request.method !== 'GET' || response.statusCode !== 200 || link === null || options.read.json === null)
    return null
  const bodies: Json[] = [options.read.json]
  let room = context.limits.maxResponseBytes - options.read.shownBytes
  let bytes = 0
  let hint: string | undefined
  while (link !== null && bodies.length < max) {
    const next = await further('page', request, link, context)
    if (next === null) {
      hint = 'The next page lies outside of what this tool may ask for.'
      break
    }
    response = await send(next)
    const read = await readResponse(response, next, reading, Math.max(room, 0), context)
    bytes += read.bytes
    if (response.statusCode !== 200 || read.json === null) {
      hint = `Page ${bodies.length + 1} is not in this answer: ${response.statusCode === 200 ? 'it is too large' : `its status was ${response.statusCode}`}.`
      break
    }
    bodies.push(read.json)
    room -= read.shownBytes
    request = next
    link = nextLink(response.headers['link'])
  }
  const [only] = bodies
  const joined = bodies.every(body => Array.isArray(body)) ? bodies.flat() : bodies.length === 1 ? only : bodies
  return { body: joined as Json, pages: bodies.length, more: link !== null, hint, bytes }
}
