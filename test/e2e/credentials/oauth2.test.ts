import { generateKeyPairSync } from 'node:crypto'
import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { readKept, writeKept } from '../../../src/credentials/kept.ts'
import { findForms } from '../../support/forms.ts'
import { addressToOpen, startLogin } from '../../support/login.ts'
import { agree, startBrowser } from '../../support/oauth-browser.ts'
import { allScopes, type OauthProvider, startOauthProvider, type TokenRequest } from '../../support/oauth-provider.ts'
import { connect } from '../../support/serving.ts'
import { type Done, setTools, type Tools } from '../http/tools.ts'

const secret = 'cs_R4nd0mLooking/Client+Secret='
const key = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const machine = { grant_types: ['client_credentials'], redirect_uris: [], response_types: [], scope: 'invoices.read' }
const native = {
  application_type: 'native',
  redirect_uris: ['http://127.0.0.1/callback'],
  grant_types: ['authorization_code', 'refresh_token'],
  scope: allScopes,
  client_id: 'person',
  token_endpoint_auth_method: 'none',
}
const clients = [
  { ...machine, client_id: 'machine', client_secret: secret },
  {
    ...machine,
    client_id: 'signed',
    token_endpoint_auth_method: 'private_key_jwt',
    jwks: { keys: [{ ...key.publicKey.export({ format: 'jwk' }), use: 'sig' }] },
  },
  native,
]

let provider: OauthProvider
let tools: Tools
/** What the API gives away beside what it was sent. */
let known: () => readonly string[] = () => []

/** Everything that the provider was sent and has given away that proves an identity. */
function granted(requests: readonly TokenRequest[] = provider.tokenRequests): string[] {
  const values = requests.flatMap(({ headers, form, answer }) => [
    answer['access_token'],
    answer['refresh_token'],
    answer['id_token'],
    form.get('refresh_token'),
    form.get('client_assertion'),
    headers.authorization?.replace('Basic ', ''),
  ])
  return [...new Set(values.filter(value => typeof value === 'string'))]
}

/** Starts a provider, an API that takes its tokens and gives back all that it knows of them, and tools for that API. */
async function begin(accessSeconds: number): Promise<void> {
  provider = await startOauthProvider({ clients, accessSeconds })
  tools = await setTools({
    respond: async (request, response) => {
      const token = (request.headers.authorization ?? '').replace(/^Bearer /, '')
      response.writeHead((await provider.accepts(token)) ? 200 : 401, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ headers: request.headers, known: known() }))
    },
    credentials: home => {
      writeFileSync(join(home.folder, 'key.pem'), key.privateKey.export({ type: 'pkcs8', format: 'pem' }), {
        mode: 0o600,
      })
      const at = { type: 'oauth2', token_url: provider.tokenUrl, scopes: ['invoices.read'] }
      return {
        machine: { ...at, grant: 'client_credentials', client_id: 'machine', client_secret: { sealed: 'client' } },
        signed: {
          ...at,
          grant: 'client_credentials',
          client_id: 'signed',
          private_key: { file: join(home.folder, 'key.pem') },
        },
        person: {
          ...at,
          grant: 'refresh_token',
          client_id: 'person',
          refresh_token: { kept: 'person' },
          authorization_url: provider.authorizationUrl,
          scopes: allScopes.split(' '),
        },
      }
    },
    sealed: { client: secret },
    tools: () =>
      Object.fromEntries(
        Object.entries({ machine: 'machine', signed: 'signed', one: 'person', two: 'person' }).map(
          ([name, credential]) => [name, { credential, allow: ['GET /invoices'] }],
        ),
      ),
  })
}

async function end(): Promise<void> {
  await tools.end()
  await provider.close()
}

const get = { method: 'GET', path: '/invoices' }
const places = () => ({
  stateDir: join(tools.home.folder, 'state/keyhold'),
  home: tools.home.folder,
  environment: {},
  platform: process.platform,
})
const refreshes = () => provider.tokenRequests.filter(({ form }) => form.get('grant_type') === 'refresh_token')

/** The values are nowhere: not in answers, the audit log, what was logged, arguments and environments. */
function expectHidden(shown: string): void {
  const values = [...granted(), secret]
  expect(values.length).toBeGreaterThan(1)
  for (const value of values) expect(findForms(shown, value)).toEqual([])
}

function processes(): string {
  const files = globSync('/proc/[0-9]*/{cmdline,environ}')
  return files
    .filter(file => !file.startsWith(`/proc/${process.pid}/`))
    .map(file => {
      try {
        return readFileSync(file, 'latin1')
      } catch {
        return '' // it has ended, or is not ours
      }
    })
    .join('\n')
}

describe('a client of its own', () => {
  beforeAll(() => begin(3_600))
  afterAll(() => end())

  test.each(['machine', 'signed'])('%s calls with an access token, and nothing of it is shown', async tool => {
    const before = provider.tokenRequests.length
    known = () => [...granted(provider.tokenRequests.slice(before)), ...(tool === 'machine' ? [secret] : [])]
    const done = await tools.do(`${tool}_call_api`, get)
    expect(done).toMatchObject({ isError: false, structured: { status: 200 } })
    const token = String(provider.tokenRequests.at(-1)?.answer['access_token'])
    expect(known().length).toBeGreaterThan(1)
    expect(done.requests[0]?.headers.authorization).toBe(`Bearer ${token}`)
    expect(done.structured).toMatchObject({ body: { headers: { authorization: `Bearer [credential ${tool}]` } } })
    expectHidden(done.raw + tools.home.auditText() + tools.log())
    expectHidden(processes())
    expect(tools.events('credential.leased').at(-1)).toMatchObject({
      tool,
      credential: tool,
      asked: 'grant client_credentials; scopes: invoices.read',
    })
  })

  test('fetches one token for many calls', async () => {
    const before = provider.tokenRequests.length
    await Promise.all(Array.from({ length: 10 }, () => tools.call('machine_call_api', get)))
    expect(provider.tokenRequests.length).toBe(before)
  })
})

describe('a client of a person', () => {
  beforeEach(() => begin(2))
  afterEach(() => end())

  test('logs in once, and then calls as that person, with tokens that are renewed', async () => {
    const refused = await tools.do('one_call_api', get)
    expect(refused).toMatchObject({ isError: true, code: 'credential_unavailable', requests: [] })
    expect(JSON.stringify(refused.record)).toContain('keyhold credential login makes it')
    const login = startLogin(tools.home, ['person'])
    const browser = startBrowser()
    await agree(browser, await browser.open(await login.told(addressToOpen)))
    const ran = await login.ended()
    expect(ran.code).toBe(0)
    known = () => granted(refreshes().slice(-2))
    for (let round = 0; round < 3; round++) {
      const done = await tools.do('one_call_api', get)
      expect(done).toMatchObject({ isError: false, structured: { status: 200 } })
      expect(refreshes().length).toBe(round + 1)
      expect(await readKept('person', places())).toBe(refreshes().at(-1)?.answer['refresh_token'])
      expectHidden(ran.out + ran.err + done.raw + tools.home.auditText() + tools.log())
      await sleep(1_100)
    }
    expectHidden(processes())
    expect(tools.events('credential.leased').at(-1)).toMatchObject({
      credential: 'person',
      asked: `grant refresh_token; scopes: ${allScopes}`,
    })
  }, 30_000)

  test('uses no refresh token twice, in however many tools and processes at once', async () => {
    await writeKept('person', await provider.refreshToken('person'), places())
    const other = await connect(tools.home, 'stdio', '2026-07-28')
    // The provider is slow, so that all of them want the same token at the same time.
    provider.beforeToken = () => sleep(50)
    try {
      for (let round = 0; round < 3; round++) {
        const called = await Promise.all(
          [tools, other].flatMap(each => ['one', 'two'].map(tool => each.call(`${tool}_call_api`, get))),
        )
        expect(called.map(({ isError }) => isError)).toEqual([false, false, false, false])
        await sleep(1_100)
      }
    } finally {
      await other.close()
    }
    const used = refreshes().map(({ form }) => form.get('refresh_token'))
    expect(used.length).toBeGreaterThanOrEqual(12)
    expect(new Set(used).size).toBe(used.length)
    expect(refreshes().every(({ status }) => status === 200)).toBe(true)
  }, 30_000)

  test('loses no refresh token when Keyhold is stopped while the provider answers', async () => {
    const first = await provider.refreshToken('person')
    await writeKept('person', first, places())
    const answering = Promise.withResolvers<void>()
    provider.beforeAnswer = () => {
      answering.resolve()
      return sleep(500)
    }
    const call = tools.call('one_call_api', get).catch(() => null)
    await answering.promise
    await tools.client.close()
    await call
    await expect.poll(() => readKept('person', places()), { timeout: 5_000 }).not.toBe(first)
    expect(await readKept('person', places())).toBe(refreshes().at(-1)?.answer['refresh_token'])
  }, 30_000)

  test('whose access was revoked is refused, with what to do in the record, and works again after a login', async () => {
    await writeKept('person', await provider.refreshToken('person'), places())
    expect(await tools.do('one_call_api', get)).toMatchObject({ isError: false })
    await provider.revokeEverything()
    const refused: Done[] = []
    const codeOfNext = async () => {
      refused.push(await tools.do('one_call_api', get))
      return refused.at(-1)?.code
    }
    // The API may say first that the token is none any more.
    await expect.poll(codeOfNext, { timeout: 15_000, interval: 500 }).toBe('credential_unavailable')
    expect(refused.every(({ isError }) => isError)).toBe(true)
    const last = refused.at(-1)
    expect(last).toMatchObject({ isError: true, requests: [] })
    expect(await tools.do('one_call_api', get)).toMatchObject({ code: 'credential_unavailable', requests: [] })
    expect(JSON.stringify(last?.record)).toContain(
      'person: the refresh token was refused: expired, revoked or used already; run keyhold credential login person',
    )
    expectHidden(refused.map(({ raw }) => raw).join() + tools.home.auditText() + tools.log())
    await writeKept('person', await provider.refreshToken('person'), places())
    expect(await tools.do('one_call_api', get)).toMatchObject({ isError: false, structured: { status: 200 } })
  }, 30_000)
})

describe('a provider that is down for a while', () => {
  beforeEach(() => begin(8))
  afterEach(() => end())

  test('is not noticed as long as the token lasts, and costs no refresh token', async () => {
    const first = await provider.refreshToken('person')
    await writeKept('person', first, places())
    expect(await tools.do('one_call_api', get)).toMatchObject({ isError: false })
    const kept = await readKept('person', places())
    expect(kept).not.toBe(first)
    provider.beforeToken = () => Promise.reject(new Error('down'))
    await sleep(4_100)
    expect(await tools.do('one_call_api', get)).toMatchObject({ isError: false, structured: { status: 200 } })
    expect(await readKept('person', places())).toBe(kept)
    provider.beforeToken = async () => {}
    const renewed = async () => {
      expect(await tools.do('one_call_api', get)).toMatchObject({ isError: false, structured: { status: 200 } })
      return readKept('person', places())
    }
    await expect.poll(renewed, { timeout: 15_000, interval: 500 }).not.toBe(kept)
  }, 30_000)
})
