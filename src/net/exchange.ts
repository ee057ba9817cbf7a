import { Client } from 'undici'
import { ConnectFailed } from './connect-failed.ts'
import { createDialer, type DialOptions } from './dial.ts'

/** One request of our own, such as for an access token. */
export interface ExchangeRequest {
  readonly method: string
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | null
}

export interface ExchangeOptions extends DialOptions {
  /** The deadline of the whole exchange. */
  readonly signal: AbortSignal
  /** The most that is read of the answer's body. */
  readonly maxBytes: number
}

export interface ExchangeAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  /** The body as UTF-8. */
  readonly text: string
}

/** The most bytes of response headers that are read. */
const maxHeaderBytes = 16 * 1_024

/**
 * Makes one small request on a connection of its own. Redirects are not followed and encodings not undone.
 *
 * @throws ConnectFailed when nothing was sent, else Error; after a deadline that is what the signal was aborted with
 */
export async function exchange(request: ExchangeRequest, options: ExchangeOptions): Promise<ExchangeAnswer> {
  const { method, url, headers, body } = request
  const { signal, maxBytes } = options
  signal.throwIfAborted()
  let isConnected = false
  const dial = createDialer(options)
  const client = new Client(url.origin, {
    connect: (destination, callback) =>
      dial(destination, (...result) => {
        isConnected = result[0] === null
        callback(...result)
      }),
    // Over HTTP/2 the client would resend a refused stream by itself.
    allowH2: false,
    maxHeaderSize: maxHeaderBytes,
    headersTimeout: 0,
    bodyTimeout: 0,
  })
  // The signal given to a request counts only from when there is a connection.
  const onAbort = () => void client.destroy(new Error('the exchange was aborted'))
  signal.addEventListener('abort', onAbort)
  try {
    const answer = await client.request({
      method,
      path: url.pathname + url.search,
      headers: { ...headers, 'accept-encoding': 'identity' },
      body,
    })
    const encoding = answer.headers['content-encoding'] ?? 'identity'
    if (encoding !== 'identity') throw new Error('the answer has an encoding that was not asked for')
    return { status: answer.statusCode, headers: answer.headers, text: await readText(answer.body, maxBytes) }
  } catch (error) {
    if (!signal.aborted) throw error
    if (!isConnected) throw new ConnectFailed('timeout', `connecting to ${url.host}: not done in time`, error)
    throw signal.reason instanceof Error ? signal.reason : new Error('the exchange was aborted', { cause: error })
  } finally {
    signal.removeEventListener('abort', onAbort)
    await client.destroy()
  }
}

async function readText(body: AsyncIterable<Buffer>, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of body) {
    bytes += chunk.length
    if (bytes > maxBytes) throw new Error(`the answer has more than ${maxBytes} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}
