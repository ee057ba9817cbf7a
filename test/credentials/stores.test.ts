import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { loadConfig } from '../../src/config/load.ts'
import { ConfigError } from '../../src/config/problem.ts'
import { kinds } from '../../tools/index.ts'

const secret = 'hvs.R00tTokenOfTheTests0123456789'
let folder = ''

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stores-'))
})
afterEach(() => rm(folder, { recursive: true }))

/** Loads a configuration with one tool, and gives what is wrong with it. */
async function problemsOf(rest: { readonly stores?: unknown; readonly credentials?: object }): Promise<string[]> {
  const file = join(folder, 'keyhold.yaml')
  const tool = { kind: 'http', description: 'Issues', base_url: 'https://api.example.com', allow: ['GET /issues'] }
  await writeFile(file, stringify({ version: 1, tools: { api: tool }, ...rest }))
  const failed = await loadConfig(file, kinds).then(
    () => null,
    (error: unknown) => error,
  )
  if (failed === null) return []
  if (!(failed instanceof ConfigError)) throw failed
  expect(JSON.stringify(failed.problems) + failed.message).not.toContain(secret)
  for (const problem of failed.problems) expect(problem.line).toBeGreaterThan(0)
  return failed.problems.map(({ key, reason }) => `${key}: ${reason}`)
}

const vault = { address: 'https://vault.example.com:8200', login: { token: { env: 'VAULT_TOKEN' } } }
const aws = { region: 'eu-west-1', access_key_id: { env: 'KEY_ID' }, secret_access_key: { env: 'KEY' } }

describe('a store is accepted', () => {
  test.each([
    ['Vault with a token', { vault }],
    ['Vault on this machine', { vault: { ...vault, address: 'http://127.0.0.1:8200' } }],
    [
      'Vault behind a proxy, in a namespace',
      { vault: { ...vault, address: 'https://x.example/vault/', namespace: 'a/b' } },
    ],
    [
      'Vault with AppRole',
      { vault: { ...vault, login: { approle: { role_id: 'x', secret_id: { file: '/run/id' } } } } },
    ],
    ['Vault with Kubernetes', { vault: { ...vault, login: { kubernetes: { role: 'shop' } } } }],
    ['Vault with an authority', { vault: { ...vault, ca: '/etc/ca.pem', unsafe_allow_private: ['10.0.0.0/8'] } }],
    ['AWS', { aws }],
    [
      'AWS with temporary keys, elsewhere',
      { aws: { ...aws, session_token: { env: 'S' }, endpoint: 'https://x.example' } },
    ],
    ['none', {}],
  ])('%s', async (_, stores) => {
    expect(await problemsOf({ stores })).toEqual([])
  })
})

describe('a store is refused with the place and a reason that does not repeat what was written', () => {
  test.each([
    [
      'a literal token',
      { vault: { ...vault, login: { token: secret } } },
      'stores.vault.login.token: a literal secret does not',
    ],
    [
      'a literal secret_id',
      { vault: { ...vault, login: { approle: { role_id: 'x', secret_id: secret } } } },
      'stores.vault.login.approle.secret_id: a literal secret does not',
    ],
    ['a literal key', { aws: { ...aws, secret_access_key: secret } }, 'stores.aws.secret_access_key: a literal secret'],
    ['no login', { vault: { address: vault.address } }, 'stores.vault.login: is missing'],
    ['an empty login', { vault: { ...vault, login: {} } }, 'stores.vault.login: exactly one of token, approle'],
    [
      'two logins',
      { vault: { ...vault, login: { ...vault.login, kubernetes: { role: 'shop' } } } },
      'stores.vault.login: exactly one of token, approle and kubernetes',
    ],
    [
      'an address without encryption',
      { vault: { ...vault, address: 'http://vault.example.com' } },
      'stores.vault.address: an https URL',
    ],
    [
      'an address with a token',
      { vault: { ...vault, address: `https://${secret}@x.example` } },
      'stores.vault.address: an https URL',
    ],
    [
      'an address with a query',
      { vault: { ...vault, address: `https://x.example/?token=${secret}` } },
      'stores.vault.address: an https URL',
    ],
    ['no address', { vault: { login: vault.login } }, 'stores.vault.address: is missing'],
    [
      'a namespace with a line break',
      { vault: { ...vault, namespace: 'a\nx-evil: 1' } },
      'stores.vault.namespace: a namespace is',
    ],
    [
      'a mount that climbs',
      { vault: { ...vault, login: { approle: { role_id: 'x', secret_id: { env: 'S' }, mount: '../sys' } } } },
      'the path of a mount',
    ],
    ['an authority that is relative', { vault: { ...vault, ca: 'ca.pem' } }, 'stores.vault.ca: an absolute path'],
    ['an authority that is every file', { vault: { ...vault, ca: '/etc/*' } }, 'stores.vault.ca: an absolute path'],
    [
      'a range that is none',
      { vault: { ...vault, unsafe_allow_private: ['all'] } },
      'stores.vault.unsafe_allow_private.0: a range',
    ],
    [
      'an unknown key',
      { vault: { ...vault, adress: 'x' } },
      'stores.vault.adress: unknown key (did you mean address?)',
    ],
    ['a region that is a host', { aws: { ...aws, region: 'evil.example/' } }, 'stores.aws.region: a region, such as'],
    [
      'an endpoint without encryption',
      { aws: { ...aws, endpoint: 'http://x.example' } },
      'stores.aws.endpoint: an https URL',
    ],
    [
      'a store in itself',
      { vault: { ...vault, login: { token: { vault: 'a/b#c' } } } },
      'what opens a store cannot itself be in a store',
    ],
    [
      'a store in another',
      { vault, aws: { ...aws, access_key_id: { vault: 'a/b#c' } } },
      'what opens a store cannot itself be in a store',
    ],
    ['a store that there is none of', { onepassword: { token: secret } }, 'stores.onepassword: unknown key'],
  ])('%s', async (_, stores, reason) => {
    const problems = await problemsOf({ stores })
    expect(problems).toHaveLength(1)
    expect(problems[0]).toContain(reason)
  })
})

describe('a source in a store that the configuration does not have stops the start', () => {
  test.each([
    ['vault', { type: 'bearer', token: { vault: 'secret/shop#token' } }, 'credentials.shop.token', { vault }],
    ['aws', { type: 'bearer', token: { aws_secrets: 'shop' } }, 'credentials.shop.token', { aws }],
    [
      'vault',
      { type: 'password', username: { vault: 'database/creds/ro#username' }, password: { env: 'P' } },
      'credentials.shop.username',
      { vault },
    ],
  ])('%s', async (name, shop, place, stores) => {
    const reason = `there is no stores.${name} in this file, which says where that is and how to log in`
    expect(await problemsOf({ credentials: { shop } })).toEqual([`${place}: ${reason}`])
    const other = name === 'vault' ? { aws } : { vault }
    expect(await problemsOf({ credentials: { shop }, stores: other })).toEqual([`${place}: ${reason}`])
    expect(await problemsOf({ credentials: { shop }, stores })).toEqual([])
  })
})

test('a credential that names two sources, or one that there is none of, stops the start and is not repeated', async () => {
  for (const token of [
    { env: 'A', vault: 'a/b#c' },
    { command: ['op'], file: '/run/key' },
    { onepassword: secret },
    secret,
  ]) {
    const [problem, ...more] = await problemsOf({ credentials: { shop: { type: 'bearer', token } }, stores: { vault } })
    expect(problem).toMatch(/^credentials\.shop\.token: (?:exactly one source|a literal secret does not) belong/)
    expect(more).toEqual([])
  }
})
