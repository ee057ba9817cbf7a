import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { kinds } from '../../tools/index.ts'
import { type Searched } from '../../src/cli/search-tool.ts'
import { selftestLeaks } from '../../src/cli/selftest-leaks.ts'
import { worldOf } from '../../src/cli/world-of.ts'
import { credentialTypes } from '../../src/leased.ts'
import { type Home, makeHome } from '../support/home.ts'

/* The search for leaks, on every kind of tool and every type of credential that a tool of that kind can have. */

let home: Home
beforeEach(() => {
  home = makeHome()
})
afterEach(() => home.remove())

const sealed = (name: string) => ({ sealed: name })
const oauth2 = { type: 'oauth2', token_url: 'https://id.example.com/token', client_id: 'agent' }

/** One credential of every type, and of every way to present one; nothing of them is ever read. */
const credentials: Record<string, { readonly type: string }> = {
  bearer: { type: 'bearer', token: sealed('a') },
  basic: { type: 'basic', username: 'ann', password: sealed('b') },
  header: { type: 'api_key', in: 'header', name: 'x-api-key', value: { env: 'NOBODY_SET_THIS' } },
  headers: { type: 'api_key', headers: { 'dd-api-key': sealed('k1'), 'dd-application-key': sealed('k2') } },
  query: { type: 'api_key', in: 'query', name: 'key', value: { vault: 'secret/maps#key' } },
  app: { type: 'github_app', app_id: '1', installation_id: '2', private_key: sealed('d') },
  client: { ...oauth2, grant: 'client_credentials', client_secret: { command: ['/bin/false'] } },
  person: {
    ...oauth2,
    grant: 'refresh_token',
    refresh_token: { kept: 'person' },
    authorization_url: 'https://id.example.com/auth',
  },
  aws: {
    type: 'aws_sigv4',
    access_key_id: sealed('f'),
    secret_access_key: sealed('g'),
    session_token: sealed('h'),
    region: 'eu-west-1',
    service: 's3',
  },
  hmac: {
    type: 'hmac',
    secret: sealed('i'),
    message: '{timestamp}{method}{path}{body}',
    headers: { 'x-signature': 'v1={signature}', 'x-time': '{timestamp}' },
  },
  jwt: { type: 'jwt', key: sealed('j'), algorithm: 'ES256', issuer: 'me' },
} as Record<string, { readonly type: string }>

function write(names: readonly string[]): void {
  const tool = { kind: 'http', description: 'An API', base_url: 'https://api.example.com/v1', allow: ['GET /x'] }
  home.writeConfig({
    version: 1,
    stores: { vault: { address: 'https://vault.example.com', login: { token: sealed('t') } } },
    credentials: Object.fromEntries(names.map(name => [name, credentials[name]])),
    tools: {
      ...Object.fromEntries(names.map(name => [`t-${name}`, { ...tool, credential: name, limits: { rate: '1/min' } }])),
      open: tool,
    },
  })
}

const clean = { leaks: [], skipped: null }

describe('selftest leaks finds nothing', () => {
  test.each([
    [['bearer', 'basic', 'header']],
    [['query', 'app', 'client']],
    [['person', 'aws']],
    [['hmac', 'jwt', 'headers']],
  ])(
    'in tools with %j, whose secrets were given back in every way',
    async names => {
      write(names)
      const { code, out, err } = await home.run(['selftest', 'leaks', '--json'])
      expect(err).toBe('')
      const { ok, tools } = JSON.parse(out) as { ok: boolean; tools: Searched[] }
      expect(tools).toMatchObject([...names.map(name => ({ tool: `t-${name}`, ...clean })), { tool: 'open', ...clean }])
      for (const { credential, shown, ways, calls } of tools) {
        if (credential === null) continue
        expect(shown).toBe(ways)
        expect(ways).toBeGreaterThan(20)
        expect(calls).toBe(ways * 3)
      }
      expect([ok, code]).toEqual([true, 0])
    },
    90_000,
  )

  test('with every type of credential that a kind can present', () => {
    const tried = new Set(Object.values(credentials).map(({ type }) => type))
    // A database is not an echo: what it is shown of a password proves that somebody knows it, and is not the password.
    const presented = new Set(kinds.filter(kind => kind.echo !== null).flatMap(kind => kind.credentials))
    expect(credentialTypes.filter(type => presented.has(type) && !tried.has(type))).toEqual([])
  })

  test('and says so in a table, without reading a real credential or leaving a trace in the log', async () => {
    write(['bearer'])
    const { out } = await home.run(['selftest', 'leaks'])
    const [head, first, open, verdict] = out.split('\n').map(line => line.split(/ {2,}/))
    expect(head?.slice(0, 4)).toEqual(['TOOL', 'KIND', 'CREDENTIAL', 'CALLS'])
    expect(first?.slice(0, 3)).toEqual(['t-bearer', 'http', 'bearer bearer'])
    expect(first?.slice(5)).toEqual(['clean', 'clean', 'clean', 'clean', 'clean'])
    expect(open?.slice(0, 3)).toEqual(['open', 'http', 'none'])
    expect(verdict?.[0]).toMatch(/^Nothing leaked in \d+ calls\.$/)
    expect(() => home.auditLines()).toThrow('ENOENT')
  }, 90_000)
})

test('selftest leaks finds what a worker gives away', async () => {
  write(['bearer'])
  const root = new URL('../..', import.meta.url).pathname
  const world = worldOf(process, {
    kinds,
    version: '0.0.0',
    argv: [],
    execPath: process.execPath,
    workerEntry: join(root, 'test/support/leaky-worker.ts'),
    presetsFolder: '',
    code: [join(root, 'test/support')],
  })
  let out = ''
  const code = await selftestLeaks(world, { config: join(home.folder, 'keyhold.yaml') }, text => {
    out += text
  })
  expect(code).toBe(1)
  expect(out).toContain('LEAK: t-bearer: results: as base64 at 1')
  expect(out).toMatch(/NOT CLEAN/)
}, 60_000)
