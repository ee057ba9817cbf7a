import * as z from 'zod'
import { Refusal } from '../refusal.ts'
import { Secret } from '../secret.ts'
import { type AwsKeys, signAws } from './aws-signature.ts'
import { exchangeOptions, whyNoAnswer } from './endpoint.ts'
import { maxSecretBytes } from './file.ts'
import { type Fetching, fetchSource } from './read-source.ts'
import type { Source } from './source.ts'
import type { AwsStore } from './stores.ts'
import { tokenProblem } from './value-problem.ts'

/** The most that is read of an answer: a secret has 64 kB at most, and each of its characters may be escaped. */
const maxAnswerBytes = 512 * 1024

/** Of the time that a source has; the rest is for learning that it is over while somebody still waits. */
const shareOfTime = 0.9

const Answer = z.object({ SecretString: z.string().nullish(), SecretBinary: z.string().nullish() })

/**
 * Reads a secret of AWS Secrets Manager (GetSecretValue).
 *
 * @param written `NAME`, or `NAME#FIELD` for a field of one that is JSON
 * @throws Refusal credential_unavailable, with nothing in it that the server wrote
 */
export async function readAwsSecret(written: string, fetching: Fetching): Promise<string> {
  const { stores, session } = fetching
  if (stores.aws === undefined) throw unavailable('there is no stores.aws that says where Secrets Manager is')
  const [id = '', field] = written.split('#')
  const key = `aws_secrets ${id}`
  const text = (session.get(key) as Promise<string> | undefined) ?? secretText(id, stores.aws, fetching)
  session.set(key, text)
  const value = field === undefined ? await text : fieldOf(await text, id, field)
  if (value === '') throw unavailable(`${written} in Secrets Manager is empty`)
  if (value.includes('\0')) throw unavailable(`${written} in Secrets Manager contains a NUL character`)
  if (Buffer.byteLength(value) <= maxSecretBytes) return value
  throw unavailable(`${written} in Secrets Manager is larger than ${maxSecretBytes} bytes`)
}

async function secretText(id: string, store: AwsStore, fetching: Fetching): Promise<string> {
  const signal = AbortSignal.timeout(fetching.timeoutMs * shareOfTime)
  const keys = await readKeys(store, fetching)
  const { status, text } = await send(id, store, keys, { now: new Date(fetching.clock()), signal }).catch(
    (error: unknown) => {
      throw error instanceof Refusal ? error : unavailable(`Secrets Manager ${whyNoAnswer(error)}`)
    },
  )
  if (status !== 200) throw unavailable(`Secrets Manager ${meaningOf(status, text, id)} (status ${status})`)
  const answer = Answer.safeParse(parsed(text)).data
  if (answer?.SecretString) return answer.SecretString
  const binary = `${id} in Secrets Manager is binary; only text can be used`
  throw unavailable(answer?.SecretBinary ? binary : `Secrets Manager answered without a value for ${id}`)
}

async function send(
  id: string,
  store: AwsStore,
  keys: AwsKeys,
  { now, signal }: { readonly now: Date; readonly signal: AbortSignal },
) {
  const { exchange } = await import('../net/exchange.ts')
  const domain = store.region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com'
  const url = new URL(store.endpoint ?? `https://secretsmanager.${store.region}.${domain}/`)
  const request = {
    method: 'POST',
    url,
    headers: {
      'content-type': 'application/x-amz-json-1.1',
      'user-agent': 'keyhold',
      'x-amz-target': 'secretsmanager.GetSecretValue',
    },
    body: JSON.stringify({ SecretId: id }),
  }
  const signature = await signAws(request, keys, now)
  const signed = Object.entries(signature.headers).map(([name, value]) => [
    name,
    typeof value === 'string' ? value : value.use(text => text),
  ])
  const options = await exchangeOptions(store, { timeoutMs: maxConnectMs, maxBytes: maxAnswerBytes })
  return exchange(
    { ...request, headers: { ...request.headers, ...Object.fromEntries(signed) } },
    { ...options, signal },
  )
}

const maxConnectMs = 30_000

async function readKeys(store: AwsStore, fetching: Fetching): Promise<AwsKeys> {
  const read = async (source: Source, key: string): Promise<Secret> => {
    const { value } = await fetchSource(source, fetching)
    const problem = tokenProblem(value)
    if (problem !== null) throw unavailable(`the ${key} of stores.aws ${problem}`)
    const secret = new Secret('of stores.aws', value)
    fetching.hold(secret)
    return secret
  }
  return {
    name: 'of stores.aws',
    accessKeyId: await read(store.access_key_id, 'access_key_id'),
    secretAccessKey: await read(store.secret_access_key, 'secret_access_key'),
    sessionToken: store.session_token === undefined ? null : await read(store.session_token, 'session_token'),
    region: store.region,
    service: 'secretsmanager',
  }
}

function fieldOf(text: string, id: string, field: string): string {
  const fields = parsed(text)
  if (typeof fields !== 'object' || fields === null || Array.isArray(fields)) {
    throw unavailable(`${id} in Secrets Manager is not a JSON object, so that it has no field ${field}`)
  }
  const value: unknown = Object.hasOwn(fields, field) ? (fields as Record<string, unknown>)[field] : undefined
  if (typeof value === 'string') return value
  throw unavailable(
    `${id} in Secrets Manager has ${value === undefined ? 'no field' : 'no text in the field'} ${field}`,
  )
}

/** Undefined when it is not JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** What went wrong, by the name that AWS gives it (API reference of Secrets Manager, GetSecretValue, and its common errors). */
const meanings: Readonly<Record<string, string>> = {
  AccessDeniedException: 'does not let ID be read; the keys need secretsmanager:GetSecretValue for it',
  DecryptionFailure: 'cannot decrypt ID; look at the KMS key that it is encrypted with, and at kms:Decrypt',
  ExpiredTokenException: 'says that the session token has expired',
  IncompleteSignature: 'does not accept the signature',
  InternalServiceError: 'fails at the moment',
  InvalidParameterException: 'does not take ID as the name of a secret',
  InvalidRequestException: 'does not give out ID in the state it is in; it may be about to be deleted',
  InvalidSignatureException:
    'does not accept the signature; look at secret_access_key, region and the clock of this machine',
  ResourceNotFoundException: 'has no secret ID in this region, or none with a current version',
  ThrottlingException: 'wants fewer requests',
  UnrecognizedClientException: 'does not know these keys; look at access_key_id and session_token',
}

function meaningOf(status: number, text: string, id: string): string {
  const { __type: type } = (parsed(text) ?? {}) as { readonly __type?: unknown }
  const name = typeof type === 'string' ? type.slice(type.lastIndexOf('#') + 1) : ''
  const meaning = Object.hasOwn(meanings, name) ? meanings[name] : undefined
  if (meaning !== undefined) return meaning.replace('ID', () => id)
  if (status >= 300 && status < 400) return 'redirects, which is not followed'
  return status >= 500 ? 'fails at the moment' : 'refuses the request'
}

function unavailable(detail: string): Refusal {
  return new Refusal('credential_unavailable', detail)
}
