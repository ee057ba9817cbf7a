import type { ExecuteContext, Json } from '../../src/kind.ts'
import { Refusal } from '../../src/refusal.ts'
import type { Response } from './attempt.ts'
import { further } from './follow.ts'
import { nextLink } from './link.ts'
import type { HttpRequest } from './request.ts'
import { type Read, type Reading, readResponse } from './response.ts'
import type { Send } from './send.ts'

/** Several pages, put together. */
export interface Pages {
  /** Lists are joined; other bodies become a list of bodies. */
  readonly body: Json
  readonly pages: number
  /** Whether the API has further pages. */
  readonly more: boolean
  readonly hint: string | undefined
  /** Of the pages after the first. */
  readonly bytes: number
  /** Of the last page in it, whose links lead on. */
  readonly last: Response
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
  const { reading, context } = options
  const max = reading.pages?.max ?? 1
  let { request, response } = options
  let link = nextLink(response.headers['link'])
  if (request.method !== 'GET' || response.statusCode !== 200 || link === null || options.read.json === null)
    return null
  const bodies: Json[] = [options.read.json]
  let room = context.limits.maxResponseBytes - options.read.shownBytes
  let bytes = 0
  let hint: string | undefined
  let last = response
  while (link !== null && bodies.length < max) {
    const next = await further('page', request, link, context)
    if (next === null) {
      hint = 'The next page lies outside of what this tool may ask for.'
      break
    }
    const page = await readPage(next, Math.max(room, 0), options)
    if (page === null) {
      hint = `Page ${bodies.length + 1} could not be read.`
      break
    }
    const { read } = page
    response = page.response
    bytes += read.bytes
    if (response.statusCode !== 200 || read.json === null) {
      hint = `Page ${bodies.length + 1} is not in this answer: ${reasonOf(response, read)}.`
      break
    }
    bodies.push(read.json)
    room -= read.shownBytes
    request = next
    last = response
    link = nextLink(response.headers['link'])
  }
  const [only] = bodies
  const joined = bodies.every(body => Array.isArray(body)) ? bodies.flat() : bodies.length === 1 ? only : bodies
  return { body: joined as Json, pages: bodies.length, more: link !== null, hint, bytes, last }
}

function reasonOf({ statusCode }: Response, { truncated }: Read): string {
  if (statusCode !== 200) return `its status was ${statusCode}`
  return truncated ? 'it is too large' : 'it is no list or mapping in JSON'
}

/** Gets one page; null when it cannot be had, which is no reason to withhold those before it. */
async function readPage(
  request: HttpRequest,
  room: number,
  { send, reading, context }: Parameters<typeof collectPages>[0],
): Promise<{ readonly response: Response; readonly read: Read } | null> {
  try {
    const response = await send(request)
    return { response, read: await readResponse(response, request, reading, room, context) }
  } catch (error) {
    const { signal } = context
    const isCancelled = signal.aborted && !(signal.reason instanceof Refusal && signal.reason.code === 'target_timeout')
    if (isCancelled) throw error
    return null
  }
}
