import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { readKept } from '../../src/credentials/kept.ts'
import { type Home, makeHome, type Ran } from '../support/home.ts'
import { addressToOpen, type Login, startLogin } from '../support/login.ts'
import { agree, startBrowser } from '../support/oauth-browser.ts'
import { allScopes, type OauthProvider, startOauthProvider, type TokenRequest } from '../support/oauth-provider.ts'
import { answer, type RawUpstream, type Script, startRawUpstream } from '../support/raw-upstream.ts'
import { appRole, startVault } from '../support/vault-server.ts'

const secret = 'cs_0123456789abcdef'
const grants = ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code']
const native = {
  application_type: 'native',
  redirect_uris: ['http://127.0.0.1/callback'],
  grant_types: grants,
  scope: allScopes,
}

let provider: OauthProvider
let home: Home
beforeAll(async () => {
  provider = await startOauthProvider({
    clients: [
      { ...native, client_id: 'public', token_endpoint_auth_method: 'none' },
      { ...native, client_id: 'secret', client_secret: secret, token_endpoint_auth_method: 'client_secret_basic' },
    ],
  })
})
afterAll(() => provider.close())
beforeEach(() => {
  home = makeHome()
})
afterEach(() => home.remove())

function configure(rest: object = {}, tools: object = {}, more: object = {}): void {
  const billing = {
    type: 'oauth2',
    grant: 'refresh_token',
    token_url: provider.tokenUrl,
    client_id: 'public',
    authorization_url: provider.authorizationUrl,
    scopes: allScopes.split(' '),
    refresh_token: { kept: 'billing-token' },
    ...rest,
  }
  const other = { type: 'bearer', token: { sealed: 'other' } }
  const machine = {
    type: 'oauth2',
    grant: 'client_credentials',
    token_url: provider.tokenUrl,
    client_id: 'me',
    client_secret: { sealed: 'x' },
  }
  home.writeConfig({ version: 1, credentials: { billing, other, machine }, tools, ...more })
}

const tool = {
  kind: 'http',
  description: 'Invoices',
  base_url: 'https://api.example.com',
  credential: 'billing',
  allow: ['GET /invoices'],
}
const isKept = () =>
  kept().then(
    () => true,
    () => false,
  )
const kept = () => {
  const stateDir = join(home.folder, 'state/keyhold')
  return readKept('billing-token', { stateDir, home: home.folder, environment: {}, platform: process.platform })
}
const fingerprint = /fingerprint ([0-9a-f]{12})/

async function logInWithBrowser(login: Login): Promise<string> {
  const browser = startBrowser()
  const page = await agree(browser, await browser.open(await login.told(addressToOpen)))
  return page.text
}

function childrenOf(pid: string): string[] {
  const found = spawnSync('ps', ['-o', 'pid=', '--ppid', pid], { encoding: 'utf8' })
  return found.stdout.trim().split(/\s+/).filter(Boolean)
}

/** Nothing that was granted may be shown anywhere. */
function expectNothingShown(ran: Ran, requests: readonly TokenRequest[]): void {
  const granted = requests.flatMap(({ answer: fields, form }) => [
    fields['access_token'],
    fields['refresh_token'],
    fields['id_token'],
    form.get('code'),
    form.get('code_verifier'),
    form.get('device_code'),
  ])
  const hidden = granted.filter(value => typeof value === 'string')
  expect(hidden.length).toBeGreaterThan(2)
  for (const value of hidden) expect(ran.out + ran.err).not.toContain(value)
}

describe('a login with a browser', () => {
  test.each([
    ['a public client', {}],
    ['a client with a secret', { client_id: 'secret', client_secret: { env: 'CLIENT_SECRET' } }],
    ['a provider whose issuer is known', { issuer: 'ISSUER' }],
  ])('of %s keeps the refresh token and shows nothing of it', async (_what, rest) => {
    configure({ ...rest, ...('issuer' in rest ? { issuer: provider.url } : {}) }, { invoices: tool })
    Object.assign(home.environment, { CLIENT_SECRET: secret })
    const before = provider.tokenRequests.length
    const login = startLogin(home, ['billing'])
    expect(await logInWithBrowser(login)).toContain('You can close this window.')
    const ran = await login.ended()
    expect(ran).toMatchObject({ code: 0 })
    const requests = provider.tokenRequests.slice(before)
    expect(requests).toMatchObject([{ status: 200 }])
    expect(requests[0]?.form.get('grant_type')).toBe('authorization_code')
    expect(requests[0]?.form.get('code_verifier')).toMatch(/^[\w-]{43}$/)
    expect(await kept()).toBe(requests[0]?.answer['refresh_token'])
    expect(ran.out).toMatch(
      /^billing is logged in: kept billing-token, fingerprint [0-9a-f]{12}\nUsed from the next call on, by: invoices\n/,
    )
    expectNothingShown(ran, requests)
    const listed = await home.run(['credential', 'list', '--json'])
    expect(listed.out).toContain(fingerprint.exec(ran.out)?.[1] ?? 'no fingerprint')
  })

  test('asks with PKCE, a state, and for consent where a refresh token is asked for', async () => {
    configure({ audience: 'https://api.example.com/', authorization_parameters: { login_hint: 'alice@example.com' } })
    const login = startLogin(home, ['billing'])
    const url = new URL(await login.told(addressToOpen))
    login.process.kill('SIGINT')
    await login.ended()
    const { state, code_challenge: challenge, redirect_uri: redirect, ...rest } = Object.fromEntries(url.searchParams)
    expect(state).toMatch(/^[\w-]{43}$/)
    expect(challenge).toMatch(/^[\w-]{43}$/)
    expect(redirect).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/callback$/)
    expect(rest).toEqual({
      response_type: 'code',
      client_id: 'public',
      scope: allScopes,
      prompt: 'consent',
      code_challenge_method: 'S256',
      audience: 'https://api.example.com/',
      login_hint: 'alice@example.com',
    })
  })

  test('prints JSON for programs, and on standard error what a person has to do', async () => {
    configure()
    const login = startLogin(home, ['billing', '--json'])
    await logInWithBrowser(login)
    const { out, code } = await login.ended()
    expect(code).toBe(0)
    expect(JSON.parse(out)).toEqual({
      name: 'billing',
      source: 'kept billing-token',
      fingerprint: expect.stringMatching(/^[0-9a-f]{12}$/),
      tools: [],
    })
  })

  test('again replaces what is kept', async () => {
    configure()
    const values = []
    for (let round = 0; round < 2; round++) {
      const login = startLogin(home, ['billing'])
      await logInWithBrowser(login)
      expect((await login.ended()).code).toBe(0)
      values.push(await kept())
    }
    expect(new Set(values).size).toBe(2)
  })

  test('is refused when the person declines, and nothing is kept', async () => {
    configure()
    const login = startLogin(home, ['billing'])
    const browser = startBrowser()
    const page = await browser.open(await login.told(addressToOpen))
    const abort = /href="([^"]*\/abort)"/.exec(page.text)?.[1] ?? ''
    await browser.open(new URL(abort, page.url).href)
    expect(await login.ended()).toMatchObject({
      code: 1,
      err: expect.stringContaining('keyhold: billing: the login was declined [credential_unavailable]'),
    })
    expect(await isKept()).toBe(false)
  })

  test('without a refresh token is refused, with what to change', async () => {
    configure({ scopes: ['openid'] })
    const login = startLogin(home, ['billing'])
    await logInWithBrowser(login)
    const { code, err } = await login.ended()
    expect(code).toBe(1)
    expect(err).toContain('the provider gave no refresh token; ask for one (usually with the scope offline_access')
    expect(await isKept()).toBe(false)
  })

  test.each(['SIGINT', 'SIGTERM'] as const)('ends at %s and changes nothing', async signal => {
    configure()
    const login = startLogin(home, ['billing'])
    await login.told(addressToOpen)
    login.process.kill(signal)
    expect(await login.ended()).toMatchObject({
      code: 1,
      out: '',
      err: expect.stringContaining('keyhold: interrupted; nothing was changed [cancelled]'),
    })
    expect(await isKept()).toBe(false)
  })

  test('ends when nobody comes', async () => {
    configure()
    const { code, err } = await startLogin(home, ['billing', '--timeout', '1s']).ended()
    expect(code).toBe(1)
    expect(err).toContain('keyhold: nobody logged in within 1 s; nothing was changed [credential_unavailable]')
  })
})

describe('a login whose outcome could not be stored is refused before it begins', () => {
  const state = () => join(home.folder, 'state/keyhold')
  const folder = () => join(state(), 'kept')

  test.each<[string, () => void, string]>([
    ['the folder is open to others', () => chmodSync(folder(), 0o755), 'kept is open to other users; run: chmod 700'],
    ['the item is open to others', () => writeFileSync(join(folder(), 'billing-token.db'), ''), 'run: chmod 600'],
    ['the item is a folder', () => mkdirSync(join(folder(), 'billing-token.db')), 'is not a regular file'],
    ['its key cannot be made', () => mkdirSync(join(state(), 'identity.txt')), 'identity.txt is not a regular file'],
  ])('%s', async (_what, spoil, why) => {
    configure()
    mkdirSync(folder(), { recursive: true, mode: 0o700 })
    spoil()
    const { code, out, err } = await home.run(['credential', 'login', 'billing'])
    expect({ code, out }).toEqual({ code: 1, out: '' })
    expect(err).toContain(why)
    expect(err).toMatch(/^keyhold: [^\n]+ \[credential_unavailable\]\n$/)
  })

  test('the folder is none', async () => {
    configure()
    mkdirSync(state(), { recursive: true, mode: 0o700 })
    writeFileSync(folder(), '')
    expect(await home.run(['credential', 'login', 'billing'])).toEqual({
      code: 1,
      out: '',
      err: `keyhold: ${folder()} is not a folder [credential_unavailable]\n`,
    })
  })
})

test('a login stays good when a Keyhold that is running cannot be told of it', async () => {
  configure()
  mkdirSync(join(home.folder, 'state/keyhold/credentials.changed'), { recursive: true, mode: 0o700 })
  const login = startLogin(home, ['billing'])
  await logInWithBrowser(login)
  const ran = await login.ended()
  expect(ran).toMatchObject({ code: 0, out: expect.stringContaining('billing is logged in') })
  expect(ran.err).toContain('A Keyhold that is running could not be told of this; it may have to be started again.\n')
  expect(await isKept()).toBe(true)
})

test('a client secret that was made for a login is good until that is over, and not for longer', async () => {
  const vault = await startVault({})
  onTestFinished(() => vault.close())
  let usersThen: readonly string[] = []
  const endpoint = await startRawUpstream(socket => {
    usersThen = vault.users()
    const fields = { access_token: 'at_0123456789', token_type: 'Bearer', refresh_token: 'rt_0123456789' }
    answer(socket, JSON.stringify(fields), ['content-type: application/json'])
  })
  onTestFinished(() => endpoint.close())
  const approle = { role_id: appRole.role_id, secret_id: { env: 'SECRET_ID' } }
  Object.assign(home.environment, { SECRET_ID: appRole.secret_id })
  const made = { client_secret: { vault: 'database/creds/readonly#password' }, token_url: `${endpoint.url}/token` }
  configure(made, {}, { stores: { vault: { address: vault.url, login: { approle } } } })
  const login = startLogin(home, ['billing'])
  const url = new URL(await login.told(addressToOpen))
  expect(vault.users()).toHaveLength(1)
  const callback = url.searchParams.get('redirect_uri')
  await fetch(`${callback}?state=${url.searchParams.get('state')}&code=x`)
  expect(await login.ended()).toMatchObject({ code: 0 })
  expect(usersThen).toHaveLength(1)
  expect(vault.users()).toEqual([])
})

describe('while what the client proves itself with is read', () => {
  const slow = { client_secret: { command: ['/bin/sleep', '3'] } }
  const since = (began: number) => performance.now() - began

  test.skipIf(process.platform === 'win32')('Ctrl-C counts at once', async () => {
    configure(slow)
    const login = startLogin(home, ['billing'])
    const pid = String(login.process.pid)
    await expect.poll(() => childrenOf(pid), { timeout: 10_000 }).not.toEqual([])
    const began = performance.now()
    login.process.kill('SIGINT')
    await login.told(/interrupted; nothing was changed \[cancelled\]/)
    expect(since(began)).toBeLessThan(2_000)
    expect(await login.ended()).toMatchObject({ code: 1, out: '' })
  })

  test.skipIf(process.platform === 'win32')('the timeout counts too', async () => {
    configure(slow)
    const { code, err } = await startLogin(home, ['billing', '--timeout', '1s']).ended()
    expect(code).toBe(1)
    expect(err).toContain('keyhold: nobody logged in within 1 s; nothing was changed [credential_unavailable]')
  })
})

describe('the page that a browser comes back to', () => {
  async function begin(args: readonly string[] = []) {
    configure()
    const login = startLogin(home, ['billing', ...args])
    const url = new URL(await login.told(addressToOpen))
    await login.told(/Waiting/)
    return { login, callback: url.searchParams.get('redirect_uri') ?? '', state: url.searchParams.get('state') ?? '' }
  }

  test('takes one answer, with the right state, and says so when another comes', async () => {
    const before = provider.tokenRequests.length
    const { login, callback, state } = await begin()
    const statusOf = async (path: string, init: RequestInit = {}) => (await fetch(new URL(path, callback), init)).status
    expect(await statusOf('/')).toBe(404)
    expect(await statusOf(`/callback/?state=${state}`)).toBe(404)
    expect(await statusOf(`/callback?state=${state}&code=x`, { method: 'POST' })).toBe(404)
    expect(await statusOf('/callback?code=of-the-attacker')).toBe(400)
    expect(await statusOf(`/callback?state=${state.slice(0, -1)}&code=of-the-attacker`)).toBe(400)
    await login.told(/A request came that is not the answer to this login/)
    for (let count = 0; count < 20; count++) expect(await statusOf('/callback?state=x')).toBe(400)
    expect(provider.tokenRequests.length).toBe(before)
    const [first, second] = await Promise.allSettled([
      fetch(`${callback}?state=${state}&code=wrong`),
      fetch(`${callback}?state=${state}&code=wrong`),
    ])
    const accepted = [first, second].filter(each => each.status === 'fulfilled' && each.value.status === 200)
    expect(accepted).toHaveLength(1)
    const { code, err } = await login.ended()
    expect(code).toBe(1)
    expect(err.match(/A request came/g)).toHaveLength(1)
    expect(err).toContain(
      'billing: the provider does not accept the answer to this login: it came too late, or twice; log in again',
    )
    expect(provider.tokenRequests.length).toBe(before + 1)
    expect(await isKept()).toBe(false)
  })

  test('shows fixed words, loads nothing, and is kept nowhere', async () => {
    const { login, callback, state } = await begin()
    const response = await fetch(`${callback}?state=${state}&error=<script>alert(1)</script>`)
    expect(await response.text()).toBe(
      '<!doctype html><meta charset="utf-8"><title>Keyhold</title><p>Keyhold has its answer: see the terminal. You can close this window.</p>\n',
    )
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
    })
    const { err } = await login.ended()
    expect(err).toContain('billing: the provider refuses for a reason that is not known')
    expect(err).not.toContain('script')
  })

  test.each([
    ['another provider', 'iss=https%3A%2F%2Fevil.example.com', 'that names another provider; look at issuer'],
    ['two codes', 'code=other', 'an answer that cannot be used'],
    ['an implicit grant', 'id_token=x', 'an answer that cannot be used'],
  ])('refuses an answer with %s', async (_what, rest, why) => {
    const before = provider.tokenRequests.length
    const { login, callback, state } = await begin()
    await fetch(`${callback}?state=${state}&code=x&${rest}`)
    const { code, err } = await login.ended()
    expect(code).toBe(1)
    expect(err).toContain(why)
    expect(err).not.toContain('evil')
    expect(provider.tokenRequests.length).toBe(before)
  })

  test('is at the port that was asked for, or says that it is taken', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    const { port } = taken.address() as AddressInfo
    configure()
    expect(await startLogin(home, ['billing', '--port', String(port)]).ended()).toMatchObject({
      code: 2,
      err: `keyhold: port ${port} of 127.0.0.1 is taken; choose another with --port [invalid_input]\n`,
    })
    taken.close()
    await once(taken, 'close')
    const { login, callback } = await begin(['--port', String(port)])
    expect(callback).toBe(`http://127.0.0.1:${port}/callback`)
    login.process.kill('SIGINT')
    await login.ended()
  })
})

describe('a login on another device', () => {
  const device = () => ({ authorization_url: undefined, device_authorization_url: provider.deviceUrl })

  test('shows a code, waits until it is entered, and keeps the refresh token', async () => {
    configure(device())
    const before = provider.tokenRequests.length
    const login = startLogin(home, ['billing'])
    const page = await login.told(addressToOpen)
    const code = await login.told(/\n {2}([A-Z]{4}-[A-Z]{4})\n/)
    const browser = startBrowser()
    const entered = await browser.send(await browser.open(page), { user_code: code })
    const done = await agree(browser, await browser.send(entered, { confirm: 'yes' }))
    expect(done.text).toContain('Sign-in Success')
    const ran = await login.ended()
    expect(ran).toMatchObject({ code: 0 })
    const requests = provider.tokenRequests.slice(before)
    expect(requests.at(-1)).toMatchObject({ status: 200 })
    expect(await kept()).toBe(requests.at(-1)?.answer['refresh_token'])
    expectNothingShown(ran, requests)
  }, 40_000)

  test('ends at SIGINT and changes nothing', async () => {
    configure(device())
    const login = startLogin(home, ['billing'])
    await login.told(addressToOpen)
    login.process.kill('SIGINT')
    expect(await login.ended()).toMatchObject({
      code: 1,
      err: expect.stringContaining('interrupted; nothing was changed'),
    })
    expect(await isKept()).toBe(false)
  })

  describe('at a provider that', () => {
    let script: Script
    let endpoint: RawUpstream
    beforeAll(async () => {
      endpoint = await startRawUpstream((socket, request) => script(socket, request))
    })
    afterAll(() => endpoint.close())
    const json = ['content-type: application/json']
    const begun = {
      device_code: 'dc_0123456789abcdef',
      user_code: 'WDJB-MJHT',
      verification_uri: 'https://id.example.com/device',
      expires_in: 600,
      interval: 1,
    }
    const fail = (socket: Parameters<Script>[0], error: string) => {
      const body = JSON.stringify({ error })
      socket.write(
        `HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
      )
    }

    async function logIn(fields: object, poll: Script): Promise<Ran & { readonly polls: readonly number[] }> {
      const polls: number[] = []
      script = (socket, request) => {
        if (request.target === '/device') return answer(socket, JSON.stringify({ ...begun, ...fields }), json)
        polls.push(performance.now())
        return poll(socket, request)
      }
      const device_authorization_url = `${endpoint.url.replace('http', 'HTTP')}/x/../device`
      configure({ ...device(), token_url: `${endpoint.url}/token`, device_authorization_url })
      return { ...(await startLogin(home, ['billing']).ended()), polls }
    }

    test('wants to be asked slower is asked slower', async () => {
      const replies = ['authorization_pending', 'slow_down', 'expired_token']
      const { polls, err } = await logIn({}, socket => fail(socket, replies.shift() ?? 'access_denied'))
      expect(polls).toHaveLength(3)
      const [first = 0, second = 0, third = 0] = polls
      expect(second - first).toBeGreaterThan(900)
      expect(third - second).toBeGreaterThan(5_900)
      expect(err).toContain('billing: nobody entered the code in time')
    }, 40_000)

    const fails = (line: string, body = ''): Script => {
      const head = `HTTP/1.1 ${line}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n`
      return socket => void socket.write(head + body)
    }
    const grant: Script = socket =>
      answer(
        socket,
        JSON.stringify({ access_token: 'at_0123456789', token_type: 'Bearer', refresh_token: 'rt_0123456789' }),
        json,
      )

    test.each<[string, Script, string]>([
      ['wants fewer requests', fails('429 Oops', '{"error":"rate limited"}'), 'wants fewer requests (status 429)'],
      ['breaks off', socket => void socket.destroy(), 'gave no answer that can be used'],
      ['says that it fails', socket => fail(socket, 'temporarily_unavailable'), 'the provider fails at the moment'],
    ])(
      '%s is asked again, later',
      async (_what, first, why) => {
        const replies = [first, grant]
        const ran = await logIn({}, (socket, request) => (replies.shift() ?? grant)(socket, request))
        expect(ran).toMatchObject({ code: 0, out: expect.stringContaining('billing is logged in') })
        expect(ran.err.match(/it will be asked again/g)).toHaveLength(1)
        expect(ran.err).toContain(why)
        const [one = 0, two = 0] = ran.polls
        expect(two - one).toBeGreaterThan(1_900)
        expect(await kept()).toBe('rt_0123456789')
      },
      40_000,
    )

    test('fails again is asked later still', async () => {
      const replies = [fails('503 Oops'), fails('503 Oops'), grant]
      const { code, polls, err } = await logIn({}, (socket, request) => (replies.shift() ?? grant)(socket, request))
      expect(code).toBe(0)
      expect(err.match(/fails at the moment \(status 503\); it will be asked again/g)).toHaveLength(1)
      const [one = 0, two = 0, three = 0] = polls
      expect(two - one).toBeGreaterThan(1_900)
      expect(three - two).toBeGreaterThan(3_900)
    }, 40_000)

    test('fails until the code has ended is not asked any more', async () => {
      const { code, err, polls } = await logIn({ expires_in: 2 }, fails('503 Oops'))
      expect(code).toBe(1)
      expect(err).toMatch(/fails at the moment \(status 503\) \[credential_unavailable\]\n$/)
      expect(polls).toHaveLength(2)
    }, 40_000)

    test('goes on waiting after the code has ended is not asked any more', async () => {
      const { code, err, polls } = await logIn({ expires_in: 2 }, socket => fail(socket, 'authorization_pending'))
      expect(code).toBe(1)
      expect(err).toContain('billing: nobody entered the code in time')
      expect(polls.length).toBeLessThanOrEqual(3)
    }, 40_000)

    test.each([
      ['sends no code', { user_code: undefined }],
      ['sends a code that would change the terminal', { user_code: '\u001b[2J' }],
      ['sends a page of another kind', { verification_uri: 'javascript:alert(1)' }],
      ['sends a page that is not encrypted', { verification_uri: 'http://id.example.com/' }],
      ['sends no end', { expires_in: 'never' }],
    ])('%s is refused', async (_what, fields) => {
      const { code, err, polls } = await logIn(fields, socket => fail(socket, 'access_denied'))
      expect(code).toBe(1)
      expect(err).toBe(
        'keyhold: billing: the device authorization endpoint answered with something that is no code; look at device_authorization_url [credential_unavailable]\n',
      )
      expect(polls).toEqual([])
    })

    test('writes control characters into an address has them escaped', async () => {
      const { err } = await logIn({ verification_uri: 'https://id.example.com/\u001b[2Jä' }, socket =>
        fail(socket, 'access_denied'),
      )
      expect(err).toContain('\n  https://id.example.com/%1B[2J%C3%A4\n')
      expect(err).toContain('billing: the login was declined')
    })
  })
})

describe('what cannot be logged in to is refused', () => {
  test.each([
    [['other'], {}, 'other needs no login; one of type oauth2 with the grant refresh_token does'],
    [['machine'], {}, 'machine needs no login; one of type oauth2 with the grant refresh_token does'],
    [['nothing'], {}, 'the configuration has no such credential; a login is for: billing'],
    [['billing', '--device'], {}, '--device needs device_authorization_url at billing'],
    [
      ['billing'],
      { authorization_url: undefined },
      'billing has neither authorization_url nor device_authorization_url: nowhere to log in',
    ],
    [['billing', '--port', '0'], {}, '--port is a number from 1 to 65535'],
    [['billing', '--timeout', '2h'], {}, '--timeout is a duration of at most 1h, such as 5m'],
    [['billing', '--timeout', 'soon'], {}, '--timeout is a duration of at most 1h, such as 5m'],
  ])('%j %j', async (args, rest, why) => {
    configure(rest)
    const ran = await home.run(['credential', 'login', ...args])
    expect(ran).toEqual({ code: 2, out: '', err: `keyhold: ${why} [invalid_input]\n` })
  })

  test('the files of a login hold nothing that can be read', async () => {
    configure()
    const before = provider.tokenRequests.length
    const login = startLogin(home, ['billing'])
    await logInWithBrowser(login)
    await login.ended()
    const token = String(provider.tokenRequests[before]?.answer['refresh_token'])
    const state = join(home.folder, 'state/keyhold')
    const files = readdirSync(state, { recursive: true, withFileTypes: true }).filter(entry => entry.isFile())
    expect(files.map(({ name }) => name)).toContain('billing-token.db')
    for (const { parentPath, name } of files)
      expect(readFileSync(join(parentPath, name), 'latin1')).not.toContain(token)
  })
})
