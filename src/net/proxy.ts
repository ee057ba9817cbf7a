import { type IncomingMessage, request } from 'node:http'
import type { Socket } from 'node:net'
import type { LeasedCredential } from '../leased.ts'
import { authorizationOf } from './authorization.ts'
import { ConnectFailed, codeOf } from './connect-failed.ts'

/** A proxy that connections are made through, with `CONNECT` (RFC 9110, 9.3.6). */
export interface Proxy {
  /** `http:` or `https:`; nothing but host and port counts. */
  readonly url: URL
  /** `basic` or `bearer`; shown to the proxy and to nobody else. */
  readonly credential: LeasedCredential | null
}

/** The most bytes of a proxy's answer that are read. */
const maxHeaderBytes = 16 * 1_024

/** Says why a proxy cannot be used, in a sentence for the admin; null when it can. */
export function proxyProblem({ url, credential }: Proxy): string | null {
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return 'a proxy has an http:// or https:// address'
  if (url.username !== '' || url.password !== '') return 'the address of a proxy carries no user or password'
  if (credential !== null && credential.type !== 'basic' && credential.type !== 'bearer') {
    return 'a proxy takes a credential of type basic or bearer'
  }
  return null
}

/**
 * Asks the proxy at the other end of a socket for a way to `authority` (`host:port`). Gives the socket, on which the next byte
 * comes from the target.
 *
 * @throws ConnectFailed proxy or timeout; the socket is then destroyed
 */
export function openTunnel(socket: Socket, authority: string, proxy: Proxy, late: AbortSignal): Promise<Socket> {
  const during = `asking the proxy ${proxy.url.host} for ${authority}`
  return new Promise((resolve, reject) => {
    let isSettled = false
    const settle = (failure: ConnectFailed | null) => {
      if (isSettled) return // an error of the request, once it has given up its socket, is not the socket's
      isSettled = true
      late.removeEventListener('abort', onLate)
      if (failure === null) return resolve(socket)
      socket.destroy()
      reject(failure)
    }
    const onLate = () => settle(new ConnectFailed('timeout', `${during}: not done in time`))
    if (late.aborted) return onLate()
    late.addEventListener('abort', onLate)
    const onFailed = (cause: unknown) => settle(new ConnectFailed('proxy', `${during} failed${codeOf(cause)}`, cause))
    try {
      const asked = request({
        method: 'CONNECT',
        path: authority,
        headers: { host: authority, ...authorization(proxy.credential) },
        createConnection: () => socket,
        maxHeaderSize: maxHeaderBytes,
        insecureHTTPParser: false,
      })
      // Whatever the status is, Node reads no body after the answer to a CONNECT.
      asked.on('connect', (answer, _socket, head) => {
        const problem = answerProblem(answer, head)
        settle(problem === null ? null : new ConnectFailed('proxy', `${during}: ${problem}`))
      })
      asked.on('error', onFailed).end()
    } catch (cause) {
      onFailed(cause) // a credential that cannot stand in a header is thrown, without its value
    }
  })
}

/** Whatever a proxy says of its own could be taken for the target's answer, so a tunnel begins with silence. */
function answerProblem(answer: IncomingMessage, head: Buffer): string | null {
  if (answer.statusCode === 407) return 'it wants another credential (407)'
  if (answer.statusCode !== 200) return `it answered with ${answer.statusCode}`
  const hasBody = (answer.headers['content-length'] ?? '0') !== '0' || answer.headers['transfer-encoding'] !== undefined
  return hasBody || head.length > 0 ? 'it sent something of its own after its answer' : null
}

function authorization(credential: LeasedCredential | null): { readonly 'proxy-authorization'?: string } {
  if (credential?.type !== 'basic' && credential?.type !== 'bearer') return {}
  return { 'proxy-authorization': authorizationOf(credential) }
}
