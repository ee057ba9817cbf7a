/*
 * Not HashiCorp Vault and not OpenBao: a server written from the API that both publish, for as much of it as Keyhold uses
 * (key/value stores of both versions, dynamic database users, AppRole and Kubernetes logins, tokens, leases, namespaces,
 * sealing), with their status codes and the shapes of their answers. It keeps what it promises: tokens and leases end when
 * their time is over, and a user that it made is valid exactly as long as its lease.
 */
import { randomBytes, randomUUID } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { type Received, startUpstream, type Upstream } from './upstream.ts'

/** A stand-in for Vault. */
export interface VaultServer {
  readonly url: string
  /** What was asked, as `METHOD path`, without `/v1/`. */
  asked(): readonly string[]
  readonly requests: Upstream['requests']
  bytes(): string
  /** Tokens that can be used now, other than the root token. */
  tokens(): readonly string[]
  /** Whether a user that was made by `database/creds` can log in now. */
  valid(username: string, password: string): boolean
  /** Users that can log in now. */
  users(): readonly string[]
  sealed: boolean
  /** Does what requests for such paths ask for, but answers them only then. */
  held: { readonly paths: RegExp; readonly until: Promise<void> } | null
  /** Instead of doing anything, answers like this from now on. */
  answer: ((response: ServerResponse, received: Received) => void) | null
  close(): Promise<void>
}

/** What is set up in it. */
export interface VaultOptions {
  /** By mount path without the closing slash, such as `secret`. */
  readonly mounts?: Readonly<Record<string, { readonly version: '1' | '2' }>>
  /** By full path as the `vault kv` command has it. */
  readonly secrets?: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  /** How long users and tokens live, in seconds; leases can be renewed up to `maxSeconds` after they were made. */
  readonly seconds?: number
  readonly maxSeconds?: number
  readonly tokenSeconds?: number
  /** Whether leases can be renewed. */
  readonly renewable?: boolean
  readonly namespace?: string
  /** What the policies of logins do not cover; every other path is covered. */
  readonly forbidden?: readonly string[]
  readonly clock?: () => number
  /** A real database, in which the users of `database/creds` are made and dropped before a request is answered. */
  readonly database?: {
    readonly make: (username: string, password: string) => Promise<void>
    readonly drop: (username: string) => Promise<void>
  }
}

/** The token that can do everything. */
export const rootToken = 'hvs.R00tTokenOfTheTests0123456789'
/** What the AppRole login takes. */
export const appRole = { role_id: 'c9d4f6b0-role', secret_id: '7b0e6d6e-Secret-Id-0123456789' }
/** What the Kubernetes login takes. */
export const serviceAccount = { role: 'shop', jwt: 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJzaG9wIn0.c2lnbmF0dXJl' }

interface Token {
  readonly id: string
  endsAt: number
  readonly maxAt: number
}

interface Lease {
  readonly id: string
  readonly token: string
  readonly username: string
  readonly password: string
  endsAt: number
  readonly maxAt: number
}

/** What one request comes to: a status and a body, as JSON. */
type Outcome = readonly [number, object?]

/** What the policy `default` of Vault grants, without any other. */
const grantedToAll = ['auth/token/lookup-self', 'auth/token/renew-self', 'auth/token/revoke-self', 'sys/leases/renew']

/** Starts one; `close` it in the end. */
export async function startVault(options: VaultOptions = {}): Promise<VaultServer> {
  const { mounts = { secret: { version: '2' } }, secrets = {}, forbidden = ['sys/leases/revoke'] } = options
  const { seconds = 3_600, maxSeconds = 86_400, tokenSeconds = 3_600, renewable = true, clock = Date.now } = options
  const tokens = new Map<string, Token>()
  const leases = new Map<string, Lease>()

  const upstream = await startUpstream(async (received, response) => {
    if (server.answer !== null) return server.answer(response, received)
    const before = [...leases.values()]
    const [status, body] = outcome(received)
    const now = [...leases.values()]
    for (const { id, username, password } of now)
      if (!before.some(lease => lease.id === id)) await options.database?.make(username, password)
    for (const { id, username } of before)
      if (!now.some(lease => lease.id === id)) await options.database?.drop(username)
    if (server.held?.paths.test(received.url)) await server.held.until
    response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
    response.end(body === undefined ? undefined : `${JSON.stringify(body)}\n`)
  })
  const server: VaultServer = {
    url: upstream.url,
    requests: upstream.requests,
    bytes: () => upstream.bytes(),
    asked: () => upstream.requests.map(({ method, url }) => `${method} ${url.replace('/v1/', '')}`),
    tokens: () => [...tokens.values()].filter(({ endsAt }) => endsAt > clock()).map(({ id }) => id),
    valid: (username, password) => living().some(each => each.username === username && each.password === password),
    users: () => living().map(({ username }) => username),
    sealed: false,
    held: null,
    answer: null,
    close: () => upstream.close(),
  }
  return server

  function living(): Lease[] {
    return [...leases.values()].filter(lease => lease.endsAt > clock() && isValid(lease.token))
  }

  function isValid(token: string): boolean {
    return token === rootToken || (tokens.get(token)?.endsAt ?? 0) > clock()
  }

  function outcome({ method, url, headers, body }: Received): Outcome {
    if (!url.startsWith('/v1/')) return [404]
    if (server.sealed) return [503, { errors: ['Vault is sealed'] }]
    const path = url.slice('/v1/'.length)
    const given = (body === '' ? {} : JSON.parse(body)) as Record<string, unknown>
    // Everything of a namespace, its logins too, is unknown outside of it.
    if (headers['x-vault-namespace'] !== options.namespace) return denied
    if (method === 'POST' && path === 'auth/approle/login') return appRoleLogin(given)
    if (method === 'POST' && path === 'auth/kubernetes/login') return kubernetesLogin(given)
    const token = headers['x-vault-token']
    if (typeof token !== 'string' || !isValid(token)) return [403, { errors: ['permission denied', 'invalid token'] }]
    if (!isGranted(path, token)) return denied
    return answered(method, path, given, token)
  }

  function isGranted(path: string, token: string): boolean {
    if (token === rootToken || grantedToAll.includes(path)) return true
    const wanted = path.replace('sys/internal/ui/mounts/', '')
    return !forbidden.some(each => wanted === each || wanted.startsWith(`${each}/`))
  }

  function answered(method: string, path: string, given: Record<string, unknown>, token: string): Outcome {
    const renewing = method === 'PUT' || method === 'POST'
    if (method === 'POST' && path === 'auth/token/renew-self') return renewToken(token)
    if (method === 'POST' && path === 'auth/token/revoke-self') return revokeToken(token)
    if (renewing && path === 'sys/leases/renew') return renewLease(String(given['lease_id']), given['increment'])
    if (renewing && path === 'sys/leases/revoke') return revokeLease(String(given['lease_id']))
    if (method === 'GET' && path === 'auth/token/lookup-self') return lookUp(token)
    if (method !== 'GET') return [405, { errors: ['unsupported operation'] }]
    if (path.startsWith('sys/internal/ui/mounts/')) return mountOf(path.slice('sys/internal/ui/mounts/'.length))
    if (path.startsWith('database/creds/')) return makeUser(path, token)
    return readSecret(path)
  }

  function appRoleLogin(given: Record<string, unknown>): Outcome {
    const accepted = given['role_id'] === appRole.role_id && given['secret_id'] === appRole.secret_id
    return accepted ? login() : [400, { errors: ['invalid role or secret ID'] }]
  }

  function kubernetesLogin(given: Record<string, unknown>): Outcome {
    const accepted = given['role'] === serviceAccount.role && given['jwt'] === serviceAccount.jwt
    return accepted ? login() : denied
  }

  function login(): Outcome {
    const id = `hvs.${randomBytes(24).toString('base64url')}`
    const now = clock()
    tokens.set(id, { id, endsAt: now + tokenSeconds * 1_000, maxAt: now + maxSeconds * 1_000 })
    const auth = { client_token: id, accessor: randomUUID(), policies: ['default'], lease_duration: tokenSeconds }
    return [200, { ...envelope, auth: { ...auth, token_type: 'service', renewable: true, orphan: true } }]
  }

  function lookUp(id: string): Outcome {
    const endsAt = tokens.get(id)?.endsAt
    const ttl = endsAt === undefined ? 0 : Math.floor((endsAt - clock()) / 1_000)
    return [200, { ...envelope, data: { id, ttl, policies: ['default'], renewable: ttl > 0, type: 'service' } }]
  }

  function renewToken(id: string): Outcome {
    const token = tokens.get(id)
    if (token === undefined) return [400, { errors: ['lease is not renewable'] }]
    token.endsAt = Math.min(clock() + tokenSeconds * 1_000, token.maxAt)
    const lease_duration = Math.floor((token.endsAt - clock()) / 1_000)
    return [200, { ...envelope, auth: { client_token: id, lease_duration, renewable: true } }]
  }

  function revokeToken(id: string): Outcome {
    tokens.delete(id)
    for (const lease of leases.values()) if (lease.token === id) leases.delete(lease.id)
    return [204]
  }

  function makeUser(path: string, token: string): Outcome {
    if (path !== 'database/creds/readonly') return [400, { errors: ['unknown role'] }]
    const now = clock()
    const user = {
      username: `v-approle-readonly-${randomBytes(10).toString('hex')}`,
      password: `A1a-${randomBytes(12).toString('hex')}`,
    }
    const lease = { id: `${path}/${randomBytes(12).toString('hex')}`, token, ...user }
    leases.set(lease.id, { ...lease, endsAt: now + seconds * 1_000, maxAt: now + maxSeconds * 1_000 })
    return [200, { ...envelope, lease_id: lease.id, lease_duration: seconds, renewable, data: user }]
  }

  function renewLease(id: string, increment: unknown): Outcome {
    const lease = leases.get(id)
    if (lease === undefined || lease.endsAt <= clock()) return [400, { errors: ['lease not found'] }]
    if (!renewable) return [400, { errors: ['lease is not renewable'] }]
    const wanted = typeof increment === 'number' ? increment : seconds
    lease.endsAt = Math.min(clock() + wanted * 1_000, lease.maxAt)
    const lease_duration = Math.floor((lease.endsAt - clock()) / 1_000)
    return [200, { ...envelope, lease_id: id, lease_duration, renewable }]
  }

  function revokeLease(id: string): Outcome {
    if (!leases.delete(id)) return [400, { errors: ['invalid lease'] }]
    return [204]
  }

  function mountOf(path: string): Outcome {
    if (path.startsWith('database/'))
      return [200, { ...envelope, data: { path: 'database/', type: 'database', options: null } }]
    const mount = Object.keys(mounts).find(name => `${path}/`.startsWith(`${name}/`))
    if (mount === undefined)
      return [
        403,
        { errors: ["preflight capability check returned 403, please ensure client's policies grant access to path"] },
      ]
    return [200, { ...envelope, data: { path: `${mount}/`, type: 'kv', options: { version: mounts[mount]?.version } } }]
  }

  function readSecret(path: string): Outcome {
    const mount = Object.keys(mounts).find(name => path.startsWith(`${name}/`))
    if (mount === undefined) return denied
    const rest = path.slice(mount.length + 1)
    if (mounts[mount]?.version === '1') {
      const fields = secrets[path]
      // The duration of the first version's answers is a hint and no lease.
      return fields === undefined ? none : [200, { ...envelope, lease_duration: 2_764_800, data: fields }]
    }
    if (!rest.startsWith('data/'))
      return [404, { errors: [], warnings: ['Invalid path for a versioned K/V secrets engine.'] }]
    const fields = secrets[`${mount}/${rest.slice('data/'.length)}`]
    const metadata = { created_time: '2026-01-01T00:00:00Z', custom_metadata: null, deletion_time: '', version: 1 }
    return fields === undefined ? none : [200, { ...envelope, data: { data: fields, metadata } }]
  }
}

const envelope = {
  request_id: 'c0ffee00-0000',
  lease_id: '',
  renewable: false,
  lease_duration: 0,
  data: null,
  wrap_info: null,
  warnings: null,
  auth: null,
}
const denied: Outcome = [403, { errors: ['1 error occurred:\n\t* permission denied\n\n'] }]
const none: Outcome = [404, { errors: [] }]
