import * as z from 'zod'
import { Refusal } from '../refusal.ts'
import type { Secret } from '../secret.ts'
import { exchangeOptions, whyNoAnswer } from './endpoint.ts'
import type { VaultStore } from './stores.ts'

/** One request of the HTTP API that HashiCorp Vault and OpenBao have. */
export interface VaultRequest {
  readonly method: 'GET' | 'POST' | 'PUT'
  /** What follows `/v1/`. */
  readonly path: string
  readonly body?: object
  readonly token: Secret | null
  /** The deadline. */
  readonly signal: AbortSignal
  /** What a status means here, where that is more than it means anyway. */
  readonly words?: Readonly<Record<number, string>>
}

/** The most that is read of an answer; a secret of the key/value store has 1 MB at most. */
const maxAnswerBytes = 1024 * 1024 + 64 * 1024

const Answer = z.object({
  data: z.record(z.string(), z.unknown()).nullish(),
  auth: z
    .object({ client_token: z.string(), lease_duration: z.number().nonnegative(), renewable: z.boolean() })
    .nullish(),
  lease_id: z.string().nullish(),
  /** In seconds. */
  lease_duration: z.number().nonnegative().nullish(),
  renewable: z.boolean().nullish(),
})

export type VaultAnswer = z.output<typeof Answer>

/**
 * Makes one request to Vault.
 *
 * @throws Refusal credential_unavailable, with nothing in it that the server wrote
 */
export async function askVault(store: VaultStore, request: VaultRequest): Promise<VaultAnswer> {
  const { status, text } = await send(store, request).catch((error: unknown) => {
    throw error instanceof Refusal ? error : unavailable(`Vault ${whyNoAnswer(error)}`)
  })
  if (status === 204) return {}
  if (status !== 200) throw unavailable(`Vault ${request.words?.[status] ?? meaningOf(status)} (status ${status})`)
  const answer = parsed(text)
  if (answer === null) throw unavailable('Vault answered with something that is not of its API; is the address right?')
  return answer
}

async function send(store: VaultStore, { method, path, body, token, signal }: VaultRequest) {
  const { exchange } = await import('../net/exchange.ts')
  const url = new URL(store.address)
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/v1/${path}`
  const headers = {
    accept: 'application/json',
    'user-agent': 'keyhold',
    // A listener may be told to answer nothing else, so that forged requests are not answered.
    'x-vault-request': 'true',
    ...(store.namespace === undefined ? {} : { 'x-vault-namespace': store.namespace }),
    ...(token === null ? {} : { 'x-vault-token': token.use(value => value) }),
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
  }
  // The signal is the one deadline; the time to connect has no other.
  const options = await exchangeOptions(store, { timeoutMs: maxConnectMs, maxBytes: maxAnswerBytes })
  return exchange(
    { method, url, headers, body: body === undefined ? null : JSON.stringify(body) },
    { ...options, signal },
  )
}

const maxConnectMs = 30_000

function parsed(text: string): VaultAnswer | null {
  try {
    return Answer.safeParse(JSON.parse(text)).data ?? null
  } catch {
    return null
  }
}

function meaningOf(status: number): string {
  if (status >= 300 && status < 400) {
    return 'redirects, as a standby node does, which is not followed; let stores.vault.address lead to the active node'
  }
  switch (status) {
    case 400:
      return 'does not take this request'
    case 403:
      return 'does not permit this; the login is not valid, or none of its policies grants it'
    case 404:
      return 'has nothing there'
    case 412:
      return 'is not up to date yet; it has to be tried again'
    case 429:
    case 473:
      return 'wants fewer requests, or is a standby node'
    case 503:
      return 'is sealed, or cannot serve requests at the moment'
    default:
      return status >= 500 ? 'fails at the moment' : 'refuses this'
  }
}

function unavailable(detail: string): Refusal {
  return new Refusal('credential_unavailable', detail)
}
