/*
 * Not AWS: a server written from the published API of Secrets Manager (GetSecretValue, and the errors that all actions have)
 * and from the description of Signature Version 4, which it checks with nothing but node:crypto.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { type Received, startUpstream, type Upstream } from './upstream.ts'

/** A stand-in for AWS Secrets Manager. */
export interface SecretsManager {
  readonly url: string
  readonly requests: Upstream['requests']
  bytes(): string
  /** Instead of doing anything, answers like this from now on. */
  answer: ((response: ServerResponse, received: Received) => void) | null
  /** The error that every request with a valid signature gets from now on. */
  failure: string | null
  close(): Promise<void>
}

/** Keys that it knows. */
export const awsKeys = {
  accessKeyId: 'AKIDEXAMPLE0123456789',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
  sessionToken: 'FwoGZXIvYXdzEBYaDHhBTEMPLESessionToken//////////wEaD',
}
export const region = 'eu-west-1'

/** How far the clocks of the two sides may be apart. */
const maxSkewMs = 300_000

type Outcome = readonly [number, object]

/** Starts one with secrets by name; a Buffer is a binary one. */
export async function startSecretsManager(
  secrets: Readonly<Record<string, string | Buffer>>,
  { withSession = false }: { readonly withSession?: boolean } = {},
): Promise<SecretsManager> {
  const upstream = await startUpstream((received, response) => {
    if (server.answer !== null) return server.answer(response, received)
    const [status, body] = outcome(received)
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(body))
  })
  const server: SecretsManager = {
    url: upstream.url,
    requests: upstream.requests,
    bytes: () => upstream.bytes(),
    answer: null,
    failure: null,
    close: () => upstream.close(),
  }
  return server

  function outcome(received: Received): Outcome {
    const { headers, method, url, body } = received
    const problem = signatureProblem(received, withSession)
    if (problem !== null) return problem
    if (server.failure !== null) return error(server.failure)
    if (method !== 'POST' || url !== '/' || headers['x-amz-target'] !== 'secretsmanager.GetSecretValue') {
      return error('UnknownOperationException')
    }
    const { SecretId: id } = JSON.parse(body) as { SecretId: string }
    const secret = secrets[id]
    if (secret === undefined) return error('ResourceNotFoundException')
    const ARN = `arn:aws:secretsmanager:${region}:123456789012:secret:${id}-AbCdEf`
    const value = typeof secret === 'string' ? { SecretString: secret } : { SecretBinary: secret.toString('base64') }
    return [200, { ARN, Name: id, VersionId: 'c0ffee00', VersionStages: ['AWSCURRENT'], CreatedDate: 1.7e9, ...value }]
  }
}

function error(name: string): Outcome {
  return [name === 'InternalServiceError' ? 500 : 400, { __type: name, Message: 'as the server says' }]
}

/** Checks a request as the description of the signature has it; null when it is as it should be. */
function signatureProblem({ method, url, headers, body }: Received, withSession: boolean): Outcome | null {
  const authorization =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/([^/]+)\/aws4_request, SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/.exec(
      headers.authorization ?? '',
    )
  if (authorization === null) return error('IncompleteSignature')
  const [, keyId = '', day = '', inRegion = '', service = '', signed = '', signature = ''] = authorization
  if (keyId !== awsKeys.accessKeyId) return error('UnrecognizedClientException')
  if (withSession && headers['x-amz-security-token'] !== awsKeys.sessionToken)
    return error('UnrecognizedClientException')
  if (inRegion !== region || service !== 'secretsmanager') return error('InvalidSignatureException')
  const time = String(headers['x-amz-date'])
  const names = signed.split(';')
  const wanted = ['host', 'x-amz-date', 'x-amz-target', ...(withSession ? ['x-amz-security-token'] : [])]
  if (!wanted.every(name => names.includes(name)) || !time.startsWith(day)) return error('IncompleteSignature')
  const iso = time.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z')
  if (!(Math.abs(Date.parse(iso) - Date.now()) <= maxSkewMs)) return error('InvalidSignatureException')
  const canonical = [
    method,
    url,
    '',
    ...names.map(name => `${name}:${String(headers[name]).trim().replace(/ +/g, ' ')}`),
    '',
    signed,
    sha256(body),
  ].join('\n')
  const scope = `${day}/${inRegion}/${service}/aws4_request`
  const toSign = ['AWS4-HMAC-SHA256', time, scope, sha256(canonical)].join('\n')
  const key = [day, inRegion, service, 'aws4_request'].reduce<string | Buffer>(hmac, `AWS4${awsKeys.secretAccessKey}`)
  const right = timingSafeEqual(hmac(key, toSign), Buffer.from(signature, 'hex'))
  return right ? null : error('InvalidSignatureException')
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
