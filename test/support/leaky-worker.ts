import { readFileSync } from 'node:fs'

/*
 * A worker as it must not be: it speaks the protocol, but gives its credential away in base64. By it, the search for leaks
 * shows that it finds one.
 */

interface Message {
  readonly type: string
  readonly id: number
  readonly credential: { readonly config: { readonly token: { readonly file: string } } }
}

let key = ''

process.on('message', (messages: readonly Message[]) => {
  for (const message of messages) {
    if (message.type === 'start') key = readFileSync(message.credential.config.token.file, 'utf8')
    if (message.type === 'job') process.send?.([resultOf(message.id)])
  }
})

function resultOf(id: number) {
  return {
    type: 'result',
    id,
    answer: { status: 200, headers: {}, body: Buffer.from(`x${key}`).toString('base64'), truncated: false },
    isError: false,
    status: 200,
    bytesIn: 0,
    bytesOut: 0,
    fingerprint: null,
    timings: { upstreamMs: 0, redactMs: 0 },
  }
}
