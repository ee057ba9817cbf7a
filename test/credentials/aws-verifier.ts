import { createHmac, hash } from 'node:crypto'

/** A request as it arrived: header names in lower case, everything else as it was on the wire. */
export interface Arrived {
  readonly method: string
  /** Path and query. */
  readonly url: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
}

/** What a service of AWS knows of a caller. */
export interface Caller {
  readonly id: string
  readonly secret: string
}

/*
 * What AWS does with a request that was signed (Signature Version 4), written from its documentation with nothing of
 * src/ in it: the yardstick for signatures that no published example covers.
 */

/** Says why a service would refuse a request; null when it would accept it. */
export function refusalOfAws(request: Arrived, caller: Caller, service: string, region = 'us-east-1'): string | null {
  const authorization = request.headers['authorization']
  if (typeof authorization !== 'string') return 'no authorization, or several'
  const form =
    /^AWS4-HMAC-SHA256 Credential=([^/,]+)\/(\d{8})\/([^/]+)\/([^/]+)\/aws4_request, SignedHeaders=([a-z0-9;-]+), Signature=([0-9a-f]{64})$/
  const [, id, day = '', inRegion, forService, names = '', signature] = form.exec(authorization) ?? []
  if (id !== caller.id) return `another id: ${id}`
  if (inRegion !== region || forService !== service) return `another scope: ${inRegion}/${forService}`
  const time = String(request.headers['x-amz-date'])
  if (!/^\d{8}T\d{6}Z$/.test(time) || !time.startsWith(day)) return 'another day'
  const signed = names.split(';')
  const needed = Object.keys(request.headers).filter(name => name.startsWith('x-amz-') || name === 'content-type')
  for (const name of ['host', ...needed]) if (!signed.includes(name)) return `${name} is not signed`
  const told = request.headers['x-amz-content-sha256']
  if (told !== undefined && told !== hash('sha256', request.body, 'hex')) return 'another body'
  return signature === signatureOf(request, caller, { time, region, service, signed }) ? null : 'another signature'
}

/** Computes the signature that a request has to have. */
export function signatureOf(
  request: Arrived,
  caller: Caller,
  {
    time,
    region,
    service,
    signed,
  }: { readonly time: string; readonly region: string; readonly service: string; readonly signed: readonly string[] },
): string {
  const [path = '', query = ''] = request.url.split('?')
  const canonical = [
    request.method,
    service === 's3'
      ? path
          .split('/')
          .map(segment => encode(decodeURIComponent(segment)))
          .join('/')
      : path.split('/').map(encode).join('/'),
    query
      .split('&')
      .filter(pair => pair !== '')
      .map(pair => {
        const [name = '', value = ''] = pair.split('=')
        return `${encode(decodeURIComponent(name))}=${encode(decodeURIComponent(value))}`
      })
      .sort()
      .join('&'),
    ...[...signed].sort().map(name => `${name}:${String(request.headers[name]).trim().replaceAll(/ +/g, ' ')}`),
    '',
    [...signed].sort().join(';'),
    hash('sha256', request.body, 'hex'),
  ].join('\n')
  const scope = `${time.slice(0, 8)}/${region}/${service}/aws4_request`
  const toSign = ['AWS4-HMAC-SHA256', time, scope, hash('sha256', canonical, 'hex')].join('\n')
  const key = scope
    .split('/')
    .reduce<Buffer>(
      (last, part) => createHmac('sha256', last).update(part).digest(),
      Buffer.from(`AWS4${caller.secret}`),
    )
  return createHmac('sha256', key).update(toSign).digest('hex')
}

function encode(text: string): string {
  return [...Buffer.from(text)]
    .map(byte => {
      const character = String.fromCharCode(byte)
      return /[A-Za-z0-9_.~-]/.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
    })
    .join('')
}
