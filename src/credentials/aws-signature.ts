import { hash } from 'node:crypto'
import type { Signature, UnsignedRequest } from '../leased.ts'
import { invalidInput } from '../refusal.ts'
import { Secret } from '../secret.ts'
import { spelledBytes } from './binary-secret.ts'

/** What requests to AWS are signed with. */
export interface AwsKeys {
  /** The credential's, which labels what is derived. */
  readonly name: string
  readonly accessKeyId: Secret
  readonly secretAccessKey: Secret
  /** Of temporary keys. */
  readonly sessionToken: Secret | null
  readonly region: string
  readonly service: string
}

/** Proxies on the way may write it anew, and what they change must not be signed. */
const unsigned = new Set(['accept-encoding'])

/** Services that want to be told the hash of the body. */
const toldHash = /^(?:s3|glacier|aoss|vpc-lattice-svcs)$/

/**
 * Signs a request for AWS (Signature Version 4, in headers). The path that is signed is, for `s3`, what the sent one means, encoded once;
 * for every other service, the sent one encoded once more (canonical URI).
 *
 * @param request neither its path nor its query has a `+`, which services read in different ways
 * @throws Refusal invalid_input for queries that services read in different ways
 */
export async function signAws(request: UnsignedRequest, keys: AwsKeys, now: Date): Promise<Signature> {
  refuseAmbiguous(request.url, keys.service)
  const { AwsV4Signer } = await import('aws4fetch')
  const { method, url, body } = request
  const { region, service, sessionToken } = keys
  const added = {
    'x-amz-date': now.toISOString().replace(/[:-]|\.\d{3}/g, ''),
    ...(toldHash.test(service) ? { 'x-amz-content-sha256': hash('sha256', body ?? '', 'hex') } : {}),
    ...(sessionToken === null ? {} : { 'x-amz-security-token': sessionToken.use(value => value) }),
  }
  const given = Object.entries(request.headers).filter(([name]) => !unsigned.has(name))
  const authorization = await keys.accessKeyId.use(accessKeyId =>
    keys.secretAccessKey.use(secretAccessKey =>
      new AwsV4Signer({
        method,
        url: url.href,
        headers: { ...Object.fromEntries(given), ...added },
        body,
        accessKeyId,
        secretAccessKey,
        region,
        service,
        datetime: added['x-amz-date'],
        allHeaders: true,
      }).authHeader(),
    ),
  )
  return {
    headers: {
      ...added,
      ...(sessionToken === null ? {} : { 'x-amz-security-token': sessionToken }),
      authorization: new Secret(keys.name, authorization),
    },
    // The rest of the header is known to everybody; the signature alone is found in whatever form it comes back.
    derived: spelledBytes(Buffer.from(authorization.slice(authorization.lastIndexOf('=') + 1), 'hex')).map(
      text => new Secret(keys.name, text),
    ),
  }
}

/** S3 signs one of several parameters of a name, and what a parameter without a name is, services do not agree on. */
function refuseAmbiguous({ searchParams }: URL, service: string): void {
  const names = [...searchParams.keys()]
  if (names.includes('')) throw invalidInput('query: a parameter without a name cannot be signed')
  if (service === 's3' && new Set(names).size < names.length)
    throw invalidInput('query: a parameter that is repeated cannot be signed for S3')
}
