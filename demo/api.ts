import { gzipSync } from 'node:zlib'
import { type Respond, startUpstream, type Upstream } from '../test/support/upstream.ts'

/** A shop's API: demands a bearer token, remembers all that it received, and all that it answered. */
export interface Api extends Upstream {
  /** Every answer as it was meant, before compression: headers, then body. */
  answers(): string
}

const orders = [
  { id: 1001, item: 'desk lamp', state: 'packed' },
  { id: 1002, item: 'bookshelf', state: 'sent' },
]

/** Starts the API on a free port of loopback; only this token opens it. */
export async function startApi(token: string): Promise<Api> {
  const answers: string[] = []
  const respond: Respond = async (request, response) => {
    const { url, headers } = request
    const send = async (
      status: number,
      value: unknown,
      how: { gzip?: boolean; splitAt?: string; etag?: string } = {},
    ) => {
      const text = JSON.stringify(value)
      response.statusCode = status
      response.setHeader('content-type', 'application/json')
      if (how.etag !== undefined) response.setHeader('etag', `"${how.etag}"`)
      if (how.gzip === true) response.setHeader('content-encoding', 'gzip')
      answers.push(`${JSON.stringify(response.getHeaders())}\n${text}`)
      if (how.gzip === true) return void response.end(gzipSync(text))
      const cut = how.splitAt === undefined ? 0 : text.indexOf(how.splitAt) + how.splitAt.length / 2
      await new Promise<void>(resolve => {
        response.write(text.slice(0, cut), () => {
          resolve()
        })
      })
      response.end(text.slice(cut))
    }
    if (headers.authorization !== `Bearer ${token}`) return await send(401, { error: 'who are you?' })
    if (url === '/orders') return await send(200, orders)
    if (url === '/orders/1001') return await send(200, orders[0])
    if (url === '/debug/echo') return await send(200, { authorization: headers.authorization }, { splitAt: token })
    if (url === '/debug/encoded') return await send(200, encodings(token), { gzip: true, etag: hex(token) })
    return await send(404, { error: 'no such thing' })
  }
  const upstream = await startUpstream(respond)
  return { ...upstream, answers: () => answers.join('\n') }
}

/** The key as a careless API might give it away, each encoding under its name. */
export function encodings(token: string): Record<string, string> {
  return {
    base64: Buffer.from(token).toString('base64'),
    basic: Buffer.from(`admin:${token}`).toString('base64'),
    hex: hex(token),
    url: Array.from(Buffer.from(token), byte => `%${byte.toString(16).padStart(2, '0')}`).join(''),
    html: Array.from(token, character => `&#${character.codePointAt(0)};`).join(''),
    json: token.replaceAll(/./g, character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`),
    reversed: Array.from(token).reverse().join(''),
  }
}

function hex(text: string): string {
  return Buffer.from(text).toString('hex')
}
