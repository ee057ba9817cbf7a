import { Refusal } from '../refusal.ts'
import { maxSecretBytes } from './file.ts'
import type { Fetched, Fetching, SourceLease } from './read-source.ts'
import type { VaultStore } from './stores.ts'
import { type VaultLeases, vaultLeases } from './vault-lease.ts'
import { logIn, type VaultToken } from './vault-login.ts'
import { askVault } from './vault-request.ts'

/** One login, for everything that is read with it. */
interface Session {
  readonly login: VaultToken
  readonly leases: VaultLeases
}

/** What lies at a path. */
interface Found {
  readonly fields: Readonly<Record<string, unknown>>
  readonly expiresAt: number | null
  readonly lease: SourceLease | null
}

/** Of the time that a source has; the rest is for learning that it is over while somebody still waits. */
const shareOfTime = 0.9

/**
 * Reads a field of a secret in HashiCorp Vault or OpenBao.
 *
 * @param written `MOUNT/PATH#FIELD`, as the `vault kv` command has it: without the `data/` of the API
 * @throws Refusal credential_unavailable
 */
export async function readVault(written: string, fetching: Fetching): Promise<Fetched> {
  const { stores, session, timeoutMs } = fetching
  if (stores.vault === undefined) throw unavailable('there is no stores.vault that says where Vault is')
  const { vault } = stores
  const [path = '', field = ''] = written.split('#')
  const signal = AbortSignal.timeout(timeoutMs * shareOfTime)
  const open = await once(session, 'vault', () => openSession(vault, fetching, signal))
  const found = await once(session, `vault ${path}`, () => find(vault, path, open, fetching, signal))
  const value = fieldOf(found.fields, path, field)
  if (found.lease !== null) open.leases.handOut(found.lease)
  return { value, expiresAt: found.expiresAt, lease: found.lease }
}

function once<T>(session: Fetching['session'], key: string, begin: () => Promise<T>): Promise<T> {
  const before = session.get(key) as Promise<T> | undefined
  if (before !== undefined) return before
  const begun = begin()
  session.set(key, begun)
  return begun
}

async function openSession(store: VaultStore, fetching: Fetching, signal: AbortSignal): Promise<Session> {
  const login = await logIn(store, fetching, signal)
  const leases = vaultLeases(store, login, fetching)
  fetching.afterwards(() => leases.tidyUp())
  return { login, leases }
}

async function find(
  store: VaultStore,
  path: string,
  { login, leases }: Session,
  fetching: Fetching,
  signal: AbortSignal,
): Promise<Found> {
  const asking = { method: 'GET', token: login.token, signal } as const
  const unknown = `has nothing at ${path}`
  const refused = `does not let ${path} be read: the login is no longer valid, or none of its policies allows it`
  const mount = await askVault(store, {
    ...asking,
    path: `sys/internal/ui/mounts/${path}`,
    words: { 400: unknown, 403: refused, 404: unknown },
  })
  const now = fetching.clock()
  const { data, lease_id, lease_duration, renewable } = await askVault(store, {
    ...asking,
    path: pathOfApi(path, mount.data ?? {}),
    words: { 400: unknown, 403: refused, 404: `${unknown}${advice(path, mount.data ?? {})}` },
  })
  if (!lease_id) return { fields: fieldsOf(data, mount.data ?? {}), expiresAt: null, lease: null }
  const made = { id: lease_id, seconds: lease_duration ?? 0, renewable: renewable ?? false, since: now }
  return { fields: data ?? {}, ...(await leases.add(made, signal)) }
}

/** What Vault says about the mount that a path is in (as the `vault kv` command asks for it). */
type Mount = Readonly<Record<string, unknown>>

function isVersioned({ type, options }: Mount): boolean {
  return type === 'kv' && (options as { readonly version?: unknown } | null | undefined)?.version === '2'
}

/** A store with versions has its values below `data/`. */
function pathOfApi(path: string, mount: Mount): string {
  const { path: start } = mount
  if (!isVersioned(mount) || typeof start !== 'string') return path
  if (!path.startsWith(start) || path === start) throw unavailable(`${path} is a mount of Vault and no path in one`)
  return `${start}data/${path.slice(start.length)}`
}

function advice(path: string, mount: Mount): string {
  const isApiPath = isVersioned(mount) && pathOfApi(path, mount).startsWith(`${String(mount['path'])}data/data/`)
  return isApiPath ? '; the data/ of the API does not belong into the path here' : ''
}

function fieldsOf(data: Readonly<Record<string, unknown>> | null | undefined, mount: Mount): Found['fields'] {
  const fields = isVersioned(mount) ? data?.['data'] : data
  return typeof fields === 'object' && fields !== null ? (fields as Found['fields']) : {}
}

function fieldOf(fields: Found['fields'], path: string, field: string): string {
  const value = Object.hasOwn(fields, field) ? fields[field] : undefined
  if (value === undefined) throw unavailable(`Vault has no field ${field} at ${path}`)
  if (typeof value !== 'string') throw unavailable(`the field ${field} at ${path} in Vault is not text`)
  if (value === '') throw unavailable(`the field ${field} at ${path} in Vault is empty`)
  if (value.includes('\0')) throw unavailable(`the field ${field} at ${path} in Vault contains a NUL character`)
  if (Buffer.byteLength(value) <= maxSecretBytes) return value
  throw unavailable(`the field ${field} at ${path} in Vault is larger than ${maxSecretBytes} bytes`)
}

function unavailable(detail: string): Refusal {
  return new Refusal('credential_unavailable', detail)
}
