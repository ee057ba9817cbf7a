import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Limits, Plan, Verb } from '../../../src/kind.ts'
import { Refusal } from '../../../src/refusal.ts'
import { http } from '../../../tools/http/index.ts'
import { type CustomScene, setCustomScene, watch } from '../../support/custom-scene.ts'
import { type Random, seeded } from '../../support/random.ts'
import { startUpstream, type Upstream } from '../../support/upstream.ts'

/*
 * Whatever path or argument is made up, what leaves is in the scope when the URL standard reads it, or nothing leaves. What the
 * scope is, is said here once more and in another way: with regular expressions over the request line.
 */

const base = '/v1'
const segment = '[^/]+'
const allow: Record<string, RegExp> = {
  'GET /repos/acme/shop/issues': /^\/repos\/acme\/shop\/issues$/,
  'GET /repos/acme/shop/issues/:number': new RegExp(`^/repos/acme/shop/issues/${segment}$`),
  'POST /repos/acme/shop/issues/:number/comments': new RegExp(`^/repos/acme/shop/issues/${segment}/comments$`),
  'GET /files/**': new RegExp(`^/files(?:/${segment})+$`),
  'DELETE /users/*/keys/': new RegExp(`^/users/${segment}/keys/$`),
  'GET /caf%C3%A9': /^\/caf%C3%A9$/,
}
const never = /^\/files\/never(?:\/|$)/
/** What no server is to read into a path: dot and empty segments, hidden separators and controls, in up to four encodings. */
const hidden = /(?:^|\/)\.{1,2}(?:\/|$)|\/\/|[\\;\u0000-\u001f\u007f]/

const operations = {
  list: {
    request: 'GET /repos/acme/:repo/issues',
    description: 'Lists',
    query: { state: { enum: ['open', 'closed'] }, page: { type: 'integer', minimum: 1, maximum: 50 } },
    fixed: { query: { per_page: 50 } },
  },
  get: {
    request: 'GET /repos/acme/shop/issues/:number',
    description: 'Gets',
    params: { number: { type: 'integer', minimum: 1 } },
  },
  read: { request: 'GET /files/**', description: 'Reads' },
  comment: {
    request: 'POST /repos/acme/shop/issues/:number/comments',
    description: 'Comments',
    body: {
      type: 'object',
      properties: { body: { type: 'string' }, n: { type: 'integer' } },
      additionalProperties: false,
    },
    fixed: { body: { source: 'agent' } },
  },
}
const operationUrls: Record<string, RegExp> = {
  list: new RegExp(
    `^GET ${base}/repos/acme/${segment}/issues\\?per_page=50(?:&state=(?:open|closed))?(?:&page=(?:[1-9]|[1-4]\\d|50))?$`,
  ),
  get: new RegExp(`^GET ${base}/repos/acme/shop/issues/[1-9]\\d*$`),
  read: new RegExp(`^GET ${base}/files(?:/${segment})+$`),
  comment: new RegExp(`^POST ${base}/repos/acme/shop/issues/${segment}/comments$`),
}

const target = (url: string) => ({
  kind: 'http',
  description: 'Properties',
  base_url: `${url}${base}`,
  allow: Object.keys(allow),
  operations,
  never: { requests: ['* /files/never', '* /files/never/**'] },
})

const pieces: readonly string[] = [
  'repos',
  'acme',
  'shop',
  'issues',
  'comments',
  'files',
  'users',
  'keys',
  'never',
  '1',
  '13',
  'a',
  'x.md',
  '@',
  'me@x',
  '~',
  '+',
  '*',
  '**',
  ':number',
  ':',
  '.',
  '..',
  '...',
  '%2e',
  '%2E%2e',
  '%252e',
  '%25252e',
  '.%2e',
  '%2f',
  '%2F',
  '%252f',
  '%5c',
  '\\',
  ';',
  '%3b',
  '%00',
  '%0d%0a',
  '\r\n',
  '\0',
  ' ',
  '%20',
  '%09',
  '%',
  '%%',
  '%zz',
  '%c0%ae',
  '%c3%a9',
  '\u00e9',
  '\u{1f680}',
  '\uff0e',
  '\uff0f',
  '\u2024',
  '\u200b',
  '\ud800',
  '?',
  '#',
  '?a=b',
  '=',
  '&',
  ',',
  '$',
  "'",
  '(',
  '!',
  '',
]
const separators = ['/', '/', '/', '/', '/', '//', '/./', '/../', '%2f', '\\', '']
const beginnings = [
  '/',
  '/',
  '/',
  '/',
  '/repos/acme/shop/issues/',
  '/files/',
  '/files/never/',
  '/users/',
  '',
  '//',
  'http://evil.example/',
  '/\\',
]
const endings = ['', '', '', '', '/', '/..', '/.', '?', '#', '%00', '//']

function madeUpPath(random: Random): string {
  const parts = random.many(1, 5, () => random.many(1, random.chance(0.2) ? 3 : 1, () => random.pick(pieces)).join(''))
  return (
    random.pick(beginnings) + parts.reduce((path, part) => path + random.pick(separators) + part) + random.pick(endings)
  )
}

/** One that is in the scope, and is then changed in one place or in none. */
function nearlyRight(random: Random): { readonly method: string; readonly path: string } {
  const entry = random.pick(Object.keys(allow))
  const [method = '', pattern = ''] = entry.split(' ')
  const path = pattern
    .replace('**', () => random.many(1, 3, () => random.pick(pieces)).join('/'))
    .replace(/:\w+|\*/g, () => random.pick(pieces))
  if (random.chance(0.4)) return { method, path }
  const at = random.below(path.length + 1)
  return { method, path: path.slice(0, at) + random.pick(pieces) + path.slice(at + random.below(2)) }
}

function madeUpCall(random: Random): { readonly method: string; readonly path: string } {
  const method = random.pick(['GET', 'GET', 'GET', 'POST', 'DELETE', 'PUT', 'HEAD'])
  return random.chance(0.5) ? nearlyRight(random) : { method, path: madeUpPath(random) }
}

function madeUpValue(random: Random): unknown {
  const odd: readonly unknown[] = [
    0,
    1,
    7,
    13,
    51,
    -1,
    1.5,
    1e21,
    true,
    null,
    '',
    '1',
    '01',
    '1e3',
    'open',
    'closed',
    'OPEN',
    '51',
    [],
    ['open'],
    {},
    { a: 1 },
    '\u0661',
  ]
  return random.chance(0.5) ? random.pick(odd) : random.chance(0.5) ? random.pick(pieces) : madeUpPath(random)
}

function madeUpArguments(random: Random): { readonly operation: string; readonly args: Record<string, unknown> } {
  const operation = random.pick(Object.keys(operations))
  const own =
    { list: ['repo', 'state', 'page'], get: ['number'], read: ['rest'], comment: ['number', 'body'] }[operation] ?? []
  const others = [
    'per_page',
    'source',
    'path',
    'method',
    'query',
    '__proto__',
    'constructor',
    '_method',
    'rest',
    'Repo',
    'idempotency_key',
  ]
  const args: Record<string, unknown> = {}
  for (const name of own) {
    const good: readonly unknown[] =
      {
        repo: ['shop', 'a b', 'x.js'],
        state: ['open'],
        page: [2, '3'],
        number: [7, '8'],
        rest: ['a/b', 'x'],
        body: [{ body: 'x' }],
      }[name] ?? []
    if (random.chance(0.9)) args[name] = random.chance(0.7) ? random.pick(good) : madeUpValue(random)
  }
  if (random.chance(0.15))
    Object.defineProperty(args, random.pick(others), { value: madeUpValue(random), enumerable: true })
  if (operation === 'comment' && random.chance(0.3))
    args['body'] = { body: 'x', [random.pick(others)]: madeUpValue(random) }
  return { operation, args }
}

/** Decodes as often as a chain of servers might, and says whether anything dangerous ever shows. */
function neverHides(pathname: string): boolean {
  let text = pathname
  for (let round = 0; round < 4; round += 1) {
    const decoded = text
      .replace(/(?:%[0-9a-f]{2})+/gi, run => Buffer.from(run.replaceAll('%', ''), 'hex').toString())
      .normalize('NFKC')
    if (hidden.test(decoded)) return false
    if (decoded === text) return true
    text = decoded
  }
  return true
}

/** Asserts that a request line is in the scope when the URL standard reads it. */
function expectInScope(method: string, line: string): void {
  const url = new URL(line, 'http://127.0.0.1')
  expect([url.origin, url.username, url.search, url.hash, url.pathname]).toEqual(['http://127.0.0.1', '', '', '', line])
  const path = line.slice(base.length)
  const matching = Object.entries(allow).filter(
    ([entry, pattern]) => entry.startsWith(`${method} `) && pattern.test(path),
  )
  expect(matching, `${method} ${line}`).not.toEqual([])
  expect(line.startsWith(`${base}/`)).toBe(true)
  expect(path).not.toMatch(never)
  expect(neverHides(path), line).toBe(true)
}

interface Request {
  readonly method: string
  readonly path: string
  readonly query: string
  readonly body: string | null
}

/** Plans as the gate does; null when it refuses, and anything but a Refusal is a fault. */
function planned(verb: Verb, args: unknown): Plan | null {
  const parsed = verb.input.safeParse(args)
  if (!parsed.success) return null
  try {
    const plan = verb.plan(parsed.data)
    return plan.scope.allowed ? plan : null
  } catch (error) {
    expect(error).toBeInstanceOf(Refusal)
    return null
  }
}

const limits: Limits = {
  rate: null,
  concurrency: 8,
  timeoutMs: 1_000,
  maxRequestBytes: 65_536,
  maxResponseBytes: 65_536,
}

async function verbs(): Promise<ReadonlyMap<string, Verb>> {
  const { kind: _kind, description: _description, ...given } = target('http://127.0.0.1:1')
  const made = await http.verbs(http.target.parse(given) as never, limits, {
    headers: ['authorization'],
    query: ['key'],
  })
  return new Map(made.map(verb => [verb.name, verb]))
}

describe('planned in this process', () => {
  test('of 20,000 made-up paths, each is refused or what would leave is in the scope', async () => {
    const verb = (await verbs()).get('call_api') as Verb
    const random = seeded(1)
    let left = 0
    for (let round = 0; round < 20_000; round += 1) {
      const call = madeUpCall(random)
      const plan = planned(verb, call)
      if (plan === null) continue
      left += 1
      const request = plan.request as unknown as Request
      expect([request.method, request.query, request.body]).toEqual([call.method, '', null])
      expectInScope(request.method, request.path)
      // Planned again as it would leave, it is the same request: nothing is read in two ways.
      expect(planned(verb, { method: request.method, path: request.path.slice(base.length) })?.request).toEqual(
        plan.request,
      )
    }
    expect(left).toBeGreaterThan(2_000)
    expect(left).toBeLessThan(18_000)
  })

  test('of 5,000 made-up sets of arguments, each is refused or what would leave is the operation', async () => {
    const all = await verbs()
    const random = seeded(2)
    let left = 0
    for (let round = 0; round < 5_000; round += 1) {
      const { operation, args } = madeUpArguments(random)
      const plan = planned(all.get(operation) as Verb, args)
      if (plan === null) continue
      left += 1
      expectOperation(operation, plan.request as unknown as Request)
    }
    expect(left).toBeGreaterThan(1_000)
    expect(left).toBeLessThan(4_500)
  })

  test('of 2,000 made-up queries, each is refused or is read back as it was given', async () => {
    const verb = (await verbs()).get('call_api') as Verb
    const random = seeded(3)
    const names = [...pieces, 'key', 'KEY', '_method', 'access_token', 'state', 'a[b]', 'q']
    let left = 0
    for (let round = 0; round < 2_000; round += 1) {
      const query = Object.fromEntries(random.many(1, 3, () => [random.pick(names), random.pick(pieces)] as const))
      const plan = planned(verb, { method: 'GET', path: '/files/a', query })
      if (plan === null) continue
      left += 1
      const { path, query: text } = plan.request as unknown as Request
      const url = new URL(`http://127.0.0.1${path}?${text}`)
      expect([url.pathname, url.hash]).toEqual([`${base}/files/a`, ''])
      const wellFormed = Object.entries(query).map(([name, value]) => [name.toWellFormed(), value.toWellFormed()])
      expect([...url.searchParams]).toEqual(wellFormed)
      expect([...url.searchParams.keys()].filter(name => /^(?:key|_method|access_token)$/i.test(name))).toEqual([])
    }
    expect(left).toBeGreaterThan(500)
    expect(left).toBeLessThan(1_900)
  })
})

function expectOperation(operation: string, request: Request): void {
  const line = `${request.method} ${request.path}${request.query === '' ? '' : `?${request.query}`}`
  expect(line).toMatch(operationUrls[operation] as RegExp)
  expect(new URL(request.path, 'http://127.0.0.1').pathname).toBe(request.path)
  expect(neverHides(request.path), line).toBe(true)
  expect(request.path.slice(base.length)).not.toMatch(never)
  if (operation !== 'comment') return expect(request.body ?? '').toBe('')
  const body = JSON.parse(request.body ?? '') as Record<string, unknown>
  expect(body['source']).toBe('agent')
  expect(Object.keys(body).filter(name => !['body', 'n', 'source'].includes(name))).toEqual([])
}

describe('through the real program', () => {
  let upstream: Upstream
  let scene: CustomScene
  beforeAll(async () => {
    upstream = await startUpstream()
    scene = await setCustomScene({}, () => ({ tools: { api: target(upstream.url) } }))
  })
  afterAll(async () => {
    await scene?.end()
    await upstream?.close()
  })

  test('of 150 made-up paths, what leaves is in the scope, or nothing leaves', async () => {
    const random = seeded(4)
    let left = 0
    for (let round = 0; round < 150; round += 1) {
      const call = madeUpCall(random)
      const since = watch(upstream)
      const called = await scene.call('api_call_api', call)
      if (called.structured['code'] !== undefined) {
        expect(['invalid_input', 'not_allowed']).toContain(called.structured['code'])
        expect(since.bytes()).toBe('')
        continue
      }
      left += 1
      expect(called.structured['status']).toBe(200)
      expect(since.requests()).toHaveLength(1)
      const [request] = since.requests()
      expect(request?.method).toBe(call.method)
      expectInScope(request?.method ?? '', request?.url ?? '')
    }
    expect(left).toBeGreaterThan(15)
  })

  test('of 60 made-up sets of arguments, what leaves is the operation, or nothing leaves', async () => {
    const random = seeded(5)
    let left = 0
    for (let round = 0; round < 60; round += 1) {
      const { operation, args } = madeUpArguments(random)
      const since = watch(upstream)
      const called = await scene.call(`api_${operation}`, args)
      if (called.structured['code'] !== undefined) {
        expect(['invalid_input', 'not_allowed']).toContain(called.structured['code'])
        expect(since.bytes()).toBe('')
        continue
      }
      left += 1
      const [request] = since.requests()
      const [path = '', query = ''] = (request?.url ?? '').split('?')
      expectOperation(operation, { method: request?.method ?? '', path, query, body: request?.body ?? null })
    }
    expect(left).toBeGreaterThan(10)
    expect(scene.events('worker.exited')).toEqual([])
  })
})
