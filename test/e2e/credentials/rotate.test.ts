import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { spawn } from 'node:child_process'
import { chmodSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { join } from 'node:path'
import { type Home, keyholdCommand, makeHome } from '../../support/home.ts'
import { type Connected, connect } from '../../support/serving.ts'
import { startUpstream, type Upstream } from '../../support/upstream.ts'

/* An API that accepts some tokens, as an admin meets it who tries and replaces a credential. */

const good = 'tok_G00dLookingValue-1'
const newer = 'tok_An0therGoodValue-2'
const bad = 'tok_ValueOfNobody12-3'

let home: Home
let upstream: Upstream
/** Answers the next request instead of the API, if there is one. */
let hold: ((response: ServerResponse) => void) | null = null
/** What the API answers to each token; anything else is 401. */
let accepted: Record<string, number>

beforeAll(async () => {
  upstream = await startUpstream((request, response) => {
    if (hold !== null) {
      const held = hold
      hold = null
      return held(response)
    }
    const token = (request.headers.authorization ?? '').replace('Bearer ', '')
    response.writeHead(accepted[token] ?? 401, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ you_sent: request.headers.authorization, url: request.url }))
  })
  home = makeHome()
  home.writeConfig({
    version: 1,
    credentials: {
      shop: { type: 'bearer', token: { sealed: 'shop-key' } },
      quiet: { type: 'bearer', token: { sealed: 'quiet' } },
      unused: { type: 'bearer', token: { sealed: 'unused' } },
    },
    tools: {
      shop: {
        kind: 'http',
        description: 'Orders',
        base_url: `${upstream.url}/v1`,
        credential: 'shop',
        allow: ['GET /orders'],
        test: 'GET /me?fields=id',
      },
      quiet: {
        kind: 'http',
        description: 'No test',
        base_url: upstream.url,
        credential: 'quiet',
        allow: ['GET /orders'],
      },
    },
    agents: { local: { transport: 'stdio', allow: ['*'] } },
  })
})
afterAll(async () => {
  await upstream.close()
  home.remove()
})
beforeEach(async () => {
  accepted = { [good]: 200, [newer]: 200 }
  await home.seal('shop', good)
  await home.seal('quiet', good)
})

const sealed = async () => {
  const { out } = await home.run(['credential', 'list', '--json'])
  const rows = (JSON.parse(out) as { credentials: { name: string; fingerprint: string }[] }).credentials
  return rows.find(row => row.name === 'shop')?.fingerprint
}

describe('credential test', () => {
  test('makes the call that the tool declares, with the credential, and says that it is accepted', async () => {
    const before = upstream.requests.length
    const { code, out, err } = await home.run(['credential', 'test', 'shop'])
    expect({ code, out, err }).toEqual({
      code: 0,
      out: 'ok    shop with shop (GET /me?fields=id): accepted (200)\n',
      err: '',
    })
    expect(
      upstream.requests.slice(before).map(({ method, url, headers }) => [method, url, headers.authorization]),
    ).toEqual([['GET', '/v1/me?fields=id', `Bearer ${good}`]])
  })

  test.each([
    [401, 'not accepted (401): it has expired, was revoked, or belongs to another API'],
    [403, 'known, but without the right to do this (403)'],
    [404, 'the path was not found (404)'],
    [429, 'too many requests (429)'],
    [502, 'the API fails at the moment (502)'],
    [302, 'redirected (302), as to a page to log in: not accepted'],
  ])('explains %i without showing the value that the API repeats', async (status, explanation) => {
    accepted = { [good]: status }
    const { code, out, err } = await home.run(['credential', 'test', 'shop'])
    expect(code).toBe(1)
    expect(out).toContain(`FAIL  shop with shop (GET /me?fields=id): ${explanation}`)
    expect(out + err).not.toContain(good)
  })

  test('answers in JSON', async () => {
    const { out } = await home.run(['credential', 'test', 'shop', '--json'])
    expect(JSON.parse(out)).toEqual({
      name: 'shop',
      ok: true,
      trials: [{ tool: 'shop', call: 'GET /me?fields=id', ok: true, status: 200, explanation: 'accepted (200)' }],
    })
  })

  test('is on record before and after', async () => {
    await home.run(['credential', 'test', 'shop'])
    const lines = home.auditLines().filter(line => line.event.startsWith('test.'))
    expect(lines.slice(-2)).toMatchObject([
      { event: 'test.opened', tool: 'shop', credential: 'shop', operation: 'GET /me?fields=id' },
      { event: 'test.closed', tool: 'shop', outcome: 'ok', status: 200 },
    ])
  })

  test('reads at least what no tool declares a call for, and says how to have it tried', async () => {
    const before = upstream.requests.length
    const { code, out } = await home.run(['credential', 'test', 'quiet'])
    expect([code, out]).toEqual([
      0,
      expect.stringMatching(
        /^ok {4}quiet: can be read \(fingerprint [0-9a-f]{12}\); to have it tried, add to a tool of quiet a harmless call/,
      ),
    ])
    expect(upstream.requests).toHaveLength(before)
  })

  test.each([
    ['unused', 1, 'FAIL  unused: '],
    ['nobody', 2, 'the configuration has no credential of this name'],
  ])('of %s says what is wrong', async (name, code, text) => {
    const ran = await home.run(['credential', 'test', name])
    expect(ran.code).toBe(code)
    expect(ran.out + ran.err).toContain(text)
  })
})

describe('credential rotate', () => {
  test('replaces the value when the new one is accepted', async () => {
    const before = await sealed()
    const { code, out, err } = await home.run(['credential', 'rotate', 'shop'], newer)
    expect(err).toBe('')
    expect(code).toBe(0)
    expect(out).toMatch(
      /^ok .*accepted \(200\)\nshop is replaced: sealed shop-key, fingerprint [0-9a-f]{12} -> [0-9a-f]{12}\./,
    )
    expect(await sealed()).not.toBe(before)
    expect(upstream.requests.at(-1)?.headers.authorization).toBe(`Bearer ${newer}`)
  })

  test('goes back when the new value only leads to a page to log in', async () => {
    accepted[newer] = 302
    const before = await sealed()
    const { code, out } = await home.run(['credential', 'rotate', 'shop'], newer)
    expect([code, out]).toEqual([1, expect.stringContaining('has its old value again')])
    expect(await sealed()).toBe(before)
  })

  test('goes back when somebody ends it in the middle of the test', async () => {
    const before = await sealed()
    const child = spawn(process.execPath, [keyholdCommand, 'credential', 'rotate', 'shop', '--json'], {
      env: home.environment,
      cwd: home.folder,
    })
    hold = () => void child.kill('SIGHUP')
    let out = ''
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk.toString()
    })
    child.stdin.end(newer)
    const code = await new Promise(resolve => child.once('close', resolve))
    expect(JSON.parse(out)).toMatchObject({ ok: false, interrupted: true, rolled_back: true })
    expect(code).toBe(1)
    expect(await sealed()).toBe(before)
  })

  test('says that the new value is stored when there is no way back', async () => {
    const folder = join(home.folder, 'state/keyhold/sealed')
    hold = response => {
      chmodSync(folder, 0o755) // what is open to others is not written to
      response.writeHead(401).end()
    }
    const { code, err } = await home.run(['credential', 'rotate', 'shop'], bad)
    chmodSync(folder, 0o700)
    expect([code, err]).toEqual([1, expect.stringContaining('the NEW value of sealed shop-key is stored')])
    expect(err).not.toContain(bad)
  })

  test('of an item that nothing uses says that nothing was tried', async () => {
    await home.seal('stray', good)
    const { code, out } = await home.run(['credential', 'rotate', 'stray'], newer)
    expect([code, out]).toEqual([0, expect.stringContaining('nothing in the configuration uses sealed stray')])
  })

  test('goes back to the old value when the new one is not', async () => {
    const before = await sealed()
    const { code, out } = await home.run(['credential', 'rotate', 'shop'], bad)
    expect(code).toBe(1)
    expect(out).toContain('not accepted (401)')
    expect(out).toContain(`shop has its old value again: sealed shop-key, fingerprint ${before}`)
    expect(out).not.toContain(bad)
    expect(await sealed()).toBe(before)
  })

  test.each([
    ['the old value', good, 'the value is the old one'],
    ['a short value', 'abc', 'is shorter than 8 characters'],
    ['a value of two lines', `${newer}\nx`, 'contains a line break'],
    ['nothing', '', 'is empty'],
  ])('refuses %s and changes nothing', async (_what, value, reason) => {
    const before = await sealed()
    const { code, err } = await home.run(['credential', 'rotate', 'shop'], value)
    expect([code, err]).toEqual([2, expect.stringContaining(reason)])
    expect(await sealed()).toBe(before)
  })

  test('of what was never set says what to do instead', async () => {
    const { code, err } = await home.run(['credential', 'rotate', 'unused'], newer)
    expect([code, err]).toEqual([2, expect.stringContaining('use keyhold credential set')])
  })
})

describe('a gate that is running', () => {
  let connected: Connected
  beforeEach(async () => {
    connected = await connect(home, 'stdio', '2026-07-28')
    return () => connected.close()
  })

  test('uses the new value soon after, without a restart', async () => {
    const call = () => connected.call('shop_call_api', { method: 'GET', path: '/orders' })
    expect((await call()).isError).toBe(false)
    expect(upstream.requests.at(-1)?.headers.authorization).toBe(`Bearer ${good}`)
    await home.run(['credential', 'rotate', 'shop'], newer)
    await expect
      .poll(
        async () => {
          await call()
          return upstream.requests.at(-1)?.headers.authorization
        },
        { timeout: 10_000, interval: 300 },
      )
      .toBe(`Bearer ${newer}`)
    expect(home.auditLines().some(line => line.event === 'credentials.changed')).toBe(true)
  })
})

describe('credential list and show', () => {
  test('say how old a value is, when it was used last and by whom it is used', async () => {
    await home.run(['credential', 'test', 'shop'])
    const list = await home.run(['credential', 'list'])
    const row = list.out.split('\n').find(line => line.startsWith('shop '))
    expect(row?.split(/ {2,}/)).toEqual([
      'shop',
      'bearer',
      'sealed shop-key',
      'shop',
      expect.stringMatching(/^\d+[sm]$/),
      expect.stringMatching(/^\d+[sm]$/),
      expect.stringMatching(/^[0-9a-f]{12}$/),
    ])
    const { code, out } = await home.run(['credential', 'show', 'shop'])
    expect(code).toBe(0)
    expect(out).toMatch(
      /^name +shop\ntype +bearer\ntoken +sealed shop-key, \d+[sm] old\ntools +shop\nlast use +\d+[sm] ago/,
    )
    expect(list.out + out).not.toContain(good)
  })

  test('show of a name that is not there is refused', async () => {
    expect((await home.run(['credential', 'show', 'nobody'])).code).toBe(2)
  })
})
