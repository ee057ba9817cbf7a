import type { Readable } from 'node:stream'
import type { ExecuteContext, Json, Media, Redacted } from '../../src/kind.ts'
import { Refusal } from '../../src/refusal.ts'
import type { Response } from './attempt.ts'
import { decompressed, isBroken } from './decompress.ts'
import { isEventStream, isJson, isTextual, parseContentType, shownMediaType } from './media-type.ts'
import type { HttpRequest } from './request.ts'
import { type BodyCollector, bytesCollector, type ShownBody, textCollector } from './shown-body.ts'

/** How the answers of an MCP tool are read. */
export interface Reading {
  /** Cuts a JSON answer down; null keeps all of it. */
  readonly select: ((value: Json) => Json) | null
  readonly pages: { readonly max: number } | null
  /** The query parameters that an agent could narrow a request with. */
  readonly narrowing: readonly string[]
}

/** A response body as an agent sees it. */
export interface Read {
  readonly body: Redacted | Json
  /** The same, with nothing around it. */
  readonly value: Json
  /** The list or mapping that the body is, when it was read to its end; else null. */
  readonly json: Json
  readonly truncated: boolean
  /** Bytes after decompression, and as many of them as are shown. */
  readonly bytes: number
  readonly shownBytes: number
  readonly hint: string | undefined
  readonly media?: Media
}

/** The most that is read when only a part of it is kept; a worker's memory is sized for this. */
const maxSelectedFrom = 4_194_304

/**
 * Reads a body: decompresses, counts the bytes that come out, decodes and redacts while collecting, and stops at the cap. The
 * decompressed size is what is capped, so a small bomb stays small.
 *
 * @param maxBytes the most bytes that are shown
 * @throws Refusal `target_refused` for an encoding that is unknown, nested or broken
 */
export async function readResponse(
  response: Response,
  request: HttpRequest,
  reading: Reading,
  maxBytes: number,
  context: ExecuteContext,
): Promise<Read> {
  const { statusCode, headers } = response
  const field = single(headers['content-type'])
  const { type, charset } = parseContentType(field)
  const bodiless = request.method === 'HEAD' || statusCode === 204 || statusCode === 304
  const stream = decodedBody(response, bodiless ? undefined : single(headers['content-encoding']))
  const textual = type === '' || isTextual(type)
  const selects = reading.select !== null && statusCode < 400
  const collector = textual
    ? textCollector(charset, context.redactedText())
    : bytesCollector(mediaTypeOf(field, type, context), context)
  const collected = await collect(response.body, stream, {
    collector,
    maxBytes: selects ? Math.max(maxBytes, maxSelectedFrom) : maxBytes,
    isJson: isJson(type),
    // A stream of events has no end of its own: what came until the deadline is the answer.
    endless: isEventStream(type),
    context,
  })
  if (reading.select !== null && selects && textual) return selected(collected, reading, reading.select, maxBytes)
  if (isUnbounded(headers) && response.wasCutOff())
    throw new Refusal('target_unreachable', 'the connection broke within the body')
  const { shown, truncated, bytes } = collected
  const media = shown.data === undefined ? {} : { media: { type, data: shown.data } }
  const hint = truncated ? cutHint(bytes, maxBytes, reading) : undefined
  const value = typeof shown.body === 'string' ? shown.body : shown.body.value
  const json = isJson(type) && !truncated ? structured(value) : null
  return { body: shown.body, value, json, truncated, bytes, shownBytes: bytes, hint, ...media }
}

/** Nothing came in: what has no body may still carry the encoding that its body would have had. */
function isEmpty(stream: Readable, error: unknown): boolean {
  const { bytesWritten } = stream as Readable & { readonly bytesWritten?: number }
  return bytesWritten === 0 && (error as { readonly code?: unknown }).code === 'Z_BUF_ERROR'
}

/** A body that says neither its length nor its end: it ends with the connection, and so seems whole when that breaks. */
function isUnbounded(headers: Response['headers']): boolean {
  return headers['content-length'] === undefined && headers['transfer-encoding'] === undefined
}

/** A body that will not be read must not keep its connection. */
function decodedBody({ body }: Response, encoding: string | undefined): Readable {
  try {
    return decompressed(body, encoding)
  } catch (error) {
    body.on('error', () => {}).destroy()
    throw error
  }
}

interface Collected {
  readonly shown: ShownBody
  readonly truncated: boolean
  readonly bytes: number
}

async function collect(
  source: Readable,
  stream: Readable,
  options: {
    readonly collector: BodyCollector
    readonly maxBytes: number
    readonly isJson: boolean
    readonly endless: boolean
    readonly context: ExecuteContext
  },
): Promise<Collected> {
  const { collector, maxBytes, context } = options
  let bytes = 0
  let truncated = false
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      context.signal.throwIfAborted()
      const room = maxBytes - bytes
      bytes += Math.min(chunk.length, room)
      collector.push(chunk.length > room ? chunk.subarray(0, room) : chunk)
      if (chunk.length <= room) continue
      if (!truncated) collector.limit()
      truncated = true
      collector.push(chunk.subarray(room))
      if (collector.settled) return { shown: collector.cut(bytes), truncated, bytes }
    }
  } catch (cause) {
    if (options.endless && isDeadline(context.signal)) return { shown: collector.cut(bytes), truncated: true, bytes }
    if (stream !== source && !context.signal.aborted && isBroken(cause)) {
      if (isEmpty(stream, cause)) return { shown: { body: '' }, truncated, bytes }
      throw new Refusal('target_refused', 'the response body could not be decompressed', { cause })
    }
    throw cause
  } finally {
    stream.destroy()
    source.destroy()
  }
  return { shown: collector.end(!truncated && options.isJson ? 'json' : 'text', bytes), truncated, bytes }
}

/** Keeps of an answer what was selected; what is no JSON has nothing that could be. */
function selected(
  { shown, truncated, bytes }: Collected,
  reading: Reading,
  select: (value: Json) => Json,
  maxBytes: number,
): Read {
  const common = { truncated, bytes }
  const { body } = shown
  if (typeof body === 'string' || typeof body.value !== 'object' || body.value === null) {
    const other =
      bytes === 0 ? undefined : 'Nothing could be selected: the answer is not JSON, or has more than 200,000 values.'
    const hint = truncated ? lessHint(maxSelectedFrom, reading) : other
    return { ...common, body: null, value: null, json: null, shownBytes: 0, hint }
  }
  const value = select(body.value)
  const text = JSON.stringify(value)
  const shownBytes = Buffer.byteLength(text)
  if (shownBytes <= maxBytes)
    return { ...common, body: value, value, json: structured(value), shownBytes, hint: undefined }
  // Decoded as a stream that goes on, so that half a character at the end is left out.
  const cut = new TextDecoder().decode(Buffer.from(text).subarray(0, maxBytes), { stream: true })
  return {
    body: cut,
    value: cut,
    json: null,
    truncated: true,
    bytes,
    shownBytes: maxBytes,
    hint: lessHint(maxBytes, reading),
  }
}

function structured(value: Json): Json {
  return typeof value === 'object' ? value : null
}

/** Parameters that usually make an answer smaller. */
const sizes = /^(?:\$?top|count|fields|first|last|limit|max_?results|page_?size|per_page|select|size)$/i

function cutHint(bytes: number, maxBytes: number, reading: Reading): string {
  if (bytes < maxBytes) return 'The stream went on until the deadline; this is what came until then.'
  return lessHint(maxBytes, reading)
}

function lessHint(maxBytes: number, { narrowing }: Reading): string {
  const named = narrowing.filter(name => sizes.test(name))
  const how = named.length > 0 ? `with ${named.join(' or ')}` : 'a smaller page, fewer fields, or a narrower filter'
  return `The answer was cut at ${maxBytes} bytes. Ask for less: ${how}.`
}

/** The type under which bytes are shown; null when it is none, or when the upstream wrote a key into it. */
function mediaTypeOf(field: string | undefined, type: string, context: ExecuteContext): string | null {
  const text = context.redactedText()
  text.push(field ?? '')
  return text.end('text').value === (field ?? '') ? shownMediaType(type) : null
}

function isDeadline(signal: AbortSignal): boolean {
  return signal.aborted && signal.reason instanceof Refusal && signal.reason.code === 'target_timeout'
}

function single(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(', ') : value
}
