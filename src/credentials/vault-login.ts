import { Refusal } from '../refusal.ts'
import { Secret } from '../secret.ts'
import { type Fetching, fetchSource } from './read-source.ts'
import type { Source } from './source.ts'
import type { VaultStore } from './stores.ts'
import { lengthProblem, tokenProblem } from './value-problem.ts'
import { askVault } from './vault-request.ts'

/** What requests to Vault are made with. */
export interface VaultToken {
  readonly token: Secret
  /** Whether it was made for us, and is ours to end. */
  readonly own: boolean
  readonly renewable: boolean
  /** In milliseconds; null when it is not known. */
  readonly endsAt: number | null
}

/** A login that makes a token: where, with what, and what it means when that is not accepted. */
interface Login {
  readonly mount: string
  readonly body: object
  readonly refused: string
}

/**
 * Gets a token for Vault, by the login that the configuration names.
 *
 * @throws Refusal credential_unavailable
 */
export async function logIn(store: VaultStore, fetching: Fetching, signal: AbortSignal): Promise<VaultToken> {
  const { token, approle, kubernetes } = store.login
  if (approle !== undefined) {
    const { mount, role_id } = approle
    const secret_id = await keyFor(approle.secret_id, 'secret_id', fetching)
    const refused = 'does not accept role_id and secret_id of stores.vault'
    return tokenFor({ mount, body: { role_id, secret_id }, refused }, store, fetching, signal)
  }
  if (kubernetes !== undefined) {
    const { mount, role } = kubernetes
    const jwt = await keyFor(kubernetes.jwt, 'jwt', fetching)
    const refused = 'does not accept this service account for the role in stores.vault'
    return tokenFor({ mount, body: { role, jwt }, refused }, store, fetching, signal)
  }
  if (token === undefined) throw new Refusal('credential_unavailable', 'stores.vault has no login')
  const { value } = await fetchSource(token, fetching)
  const given = held(value, 'the token of stores.vault', tokenProblem, fetching)
  return { token: given, own: false, renewable: false, endsAt: null }
}

/** Reads what a login is made with. */
async function keyFor(source: Source, key: string, fetching: Fetching): Promise<string> {
  const { value } = await fetchSource(source, fetching)
  held(value, `the ${key} of stores.vault`, lengthProblem, fetching)
  return value
}

async function tokenFor(
  { mount, body, refused }: Login,
  store: VaultStore,
  fetching: Fetching,
  signal: AbortSignal,
): Promise<VaultToken> {
  const now = fetching.clock()
  const path = `auth/${mount}/login`
  const words = {
    400: refused,
    403: `${refused}, or has no login at auth/${mount}`,
    404: `has no login at auth/${mount}`,
  }
  const { auth } = await askVault(store, { method: 'POST', path, body, token: null, signal, words })
  if (!auth) throw new Refusal('credential_unavailable', 'Vault answered a login without a token')
  const token = held(auth.client_token, 'the token that Vault gave', tokenProblem, fetching)
  return { token, own: true, renewable: auth.renewable, endsAt: endOf(auth.lease_duration, now) }
}

/** When something ends that lasts so many seconds, in milliseconds; null when it does not end. */
export function endOf(seconds: number, now: number): number | null {
  return seconds === 0 ? null : now + seconds * 1_000
}

/** Has a value redacted that opens the store. */
function held(value: string, what: string, problemOf: (value: string) => string | null, fetching: Fetching): Secret {
  const problem = problemOf(value)
  if (problem !== null) throw new Refusal('credential_unavailable', `${what} ${problem}`)
  const secret = new Secret('of stores.vault', value)
  fetching.hold(secret)
  return secret
}
