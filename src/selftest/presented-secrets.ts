import type { IncomingHttpHeaders } from 'node:http'
import { type Credential, presentedBy } from '../credentials/credential.ts'

/** Headers that a signer fills with what is no secret: a time, a hash of the body. */
const open = ['x-amz-date', 'x-amz-content-sha256']

/** Shorter pieces of a header are words, names and times. */
const minimumLength = 27

/**
 * Finds what a request shows of a credential: the values that it presents, and what of them is a secret of its own, such as a
 * signature among words.
 */
export function presentedSecrets(
  credential: Credential,
  request: { readonly headers: IncomingHttpHeaders; readonly url: string },
): readonly string[] {
  const { query } = presentedBy(credential)
  const parameters = new URLSearchParams(request.url.replace(/^[^?]*/, ''))
  const headers = headersOf(credential).flatMap(name => {
    const value = String(request.headers[name] ?? '')
    return [value, ...value.split(/[\s,=:"]+/).filter(isNoName)]
  })
  const values = [...headers, ...query.flatMap(name => parameters.getAll(name))]
  return [...new Set(values.filter(value => value.length >= minimumLength))]
}

/** Lists of headers, and the scope of a key of AWS, are names. */
function isNoName(piece: string): boolean {
  return !piece.includes(';') && !piece.endsWith('/aws4_request')
}

function headersOf(credential: Credential): readonly string[] {
  if (credential.type !== 'hmac') return presentedBy(credential).headers.filter(name => !open.includes(name))
  return Object.entries(credential.headers)
    .filter(([, template]) => template.includes('{signature}'))
    .map(([name]) => name.toLowerCase())
}
