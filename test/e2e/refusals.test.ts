import { rmSync, writeFileSync } from 'node:fs'
import { afterEach, describe, expect, test } from 'vitest'
import { type Scene, type SceneOptions, secretToken, setScene } from '../support/scene.ts'

let scene: Scene | null = null
afterEach(async () => {
  await scene?.end()
  scene = null
})

const issues = '/repos/acme/shop/issues'

interface Case {
  readonly name: string
  readonly args: unknown
  readonly code: string
  readonly options?: SceneOptions
}

const commentScope = {
  tool: {
    allow: [
      {
        method: 'POST',
        path: issues,
        body: {
          type: 'object',
          required: ['title'],
          properties: { title: { type: 'string', maxLength: 5 } },
          additionalProperties: false,
        },
      },
    ],
  },
}

const cases: readonly Case[] = [
  { name: 'an empty list of arguments', args: {}, code: 'invalid_input' },
  {
    name: 'an unknown argument',
    args: { method: 'GET', path: issues, base_url: 'http://evil' },
    code: 'invalid_input',
  },
  { name: 'a number as path', args: { method: 'GET', path: 7 }, code: 'invalid_input' },
  { name: 'a method that does not exist', args: { method: 'BREW', path: issues }, code: 'invalid_input' },
  { name: 'a lower-case method', args: { method: 'get', path: issues }, code: 'invalid_input' },
  {
    name: 'an absolute URL as path',
    args: { method: 'GET', path: 'http://127.0.0.1:1/repos/acme/shop/issues' },
    code: 'invalid_input',
  },
  {
    name: 'a protocol-relative path',
    args: { method: 'GET', path: '//evil/repos/acme/shop/issues' },
    code: 'invalid_input',
  },
  { name: 'a dot segment', args: { method: 'GET', path: '/repos/acme/shop/../../user' }, code: 'invalid_input' },
  {
    name: 'an encoded dot segment',
    args: { method: 'GET', path: '/repos/acme/shop/%2e%2e/user' },
    code: 'invalid_input',
  },
  {
    name: 'a doubly encoded dot segment',
    args: { method: 'GET', path: '/repos/acme/shop/%252e%252e/user' },
    code: 'invalid_input',
  },
  {
    name: 'an encoded slash',
    args: { method: 'GET', path: '/repos/acme/shop/issues/1%2fcomments' },
    code: 'invalid_input',
  },
  { name: 'a backslash', args: { method: 'GET', path: '/repos/acme/shop/issues/1\\..\\x' }, code: 'invalid_input' },
  { name: 'NUL', args: { method: 'GET', path: '/repos/acme/shop/issues/1%00' }, code: 'invalid_input' },
  {
    name: 'CR and LF',
    args: { method: 'GET', path: '/repos/acme/shop/issues/1%0d%0aX-Evil:%201' },
    code: 'invalid_input',
  },
  { name: 'a query in the path', args: { method: 'GET', path: `${issues}?state=open` }, code: 'invalid_input' },
  { name: 'a fragment', args: { method: 'GET', path: `${issues}#x` }, code: 'invalid_input' },
  { name: 'an empty segment', args: { method: 'GET', path: '/repos//shop/issues' }, code: 'invalid_input' },
  { name: 'a path parameter', args: { method: 'GET', path: '/repos/acme/shop;x=1/issues' }, code: 'invalid_input' },
  {
    name: 'an authorization header',
    args: { method: 'GET', path: issues, headers: { Authorization: 'Bearer mine' } },
    code: 'invalid_input',
  },
  { name: 'a host header', args: { method: 'GET', path: issues, headers: { host: 'evil' } }, code: 'invalid_input' },
  {
    name: 'a header that breaks its line',
    args: { method: 'GET', path: issues, headers: { accept: 'a\r\nX-Evil: 1' } },
    code: 'invalid_input',
  },
  { name: 'a body with GET', args: { method: 'GET', path: issues, body: { a: 1 } }, code: 'invalid_input' },
  {
    name: 'a body beyond the limit',
    args: { method: 'POST', path: issues, body: { text: 'x'.repeat(300_000) } },
    code: 'invalid_input',
  },
  {
    name: 'a text body declared as JSON',
    args: { method: 'POST', path: issues, headers: { 'content-type': 'application/json' }, body: '{}' },
    code: 'invalid_input',
  },
  { name: 'another path', args: { method: 'GET', path: '/user' }, code: 'not_allowed' },
  { name: 'another method on an allowed path', args: { method: 'DELETE', path: issues }, code: 'not_allowed' },
  { name: 'a longer path', args: { method: 'GET', path: '/repos/acme/shop/issues/1/comments' }, code: 'not_allowed' },
  { name: 'a path in other case', args: { method: 'GET', path: '/Repos/acme/shop/issues' }, code: 'not_allowed' },
  {
    name: 'a body that the scope does not allow',
    args: { method: 'POST', path: issues, body: { title: 'too long' } },
    code: 'not_allowed',
    options: commentScope,
  },
  {
    name: 'no body where the scope asks for one',
    args: { method: 'POST', path: issues },
    code: 'not_allowed',
    options: commentScope,
  },
  {
    name: 'a rule that denies',
    args: { method: 'GET', path: issues },
    code: 'not_allowed',
    options: { rules: { deny: ['github_call_api(GET /repos/**)'] } },
  },
  {
    name: 'no rule that allows this operation',
    args: { method: 'POST', path: issues, body: {} },
    code: 'not_allowed',
    options: { rules: { allow: ['github_call_api(GET /**)'] } },
  },
]

describe('a refusal sends no byte upstream, leases no credential, and is on record', () => {
  test.each(cases)('$name: $code', async ({ args, code, options }) => {
    scene = await setScene(options)
    const called = await scene.call('github_call_api', args)
    expect(called.structured['code']).toBe(code)
    expect(called.isError).toBe(true)
    expect(called.text).toContain(`[${code}]`)
    expect(called.structured['call_id']).toBe(scene.calls()[0]?.['call'])
    expect(scene.upstream.connections()).toBe(0)
    expect(scene.upstream.bytes()).toBe('')
    expect(scene.events('credential.leased')).toEqual([])
    expect(scene.calls()).toMatchObject([{ outcome: 'refused', code, closed: true }])
  })

  test('the second call of a rate of one: rate_limited, with the time to wait', async () => {
    scene = await setScene({ tool: { limits: { rate: '1/h' } } })
    const args = { method: 'GET', path: issues }
    expect((await scene.call('github_call_api', args)).isError).toBe(false)
    const sent = scene.upstream.bytes()
    const called = await scene.call('github_call_api', args)
    expect(called.structured).toMatchObject({ code: 'rate_limited', retry_after_ms: expect.any(Number) })
    expect(called.structured['retry_after_ms']).toBeGreaterThan(3_500_000)
    expect(called.structured['retry_after_ms']).toBeLessThanOrEqual(3_600_000)
    expect(scene.upstream.bytes()).toBe(sent)
    expect(scene.events('credential.leased')).toHaveLength(1)
  })

  test('a refused call takes nothing from the rate', async () => {
    scene = await setScene({ tool: { limits: { rate: '1/h' } } })
    for (let i = 0; i < 5; i++) await scene.call('github_call_api', { method: 'GET', path: '/user' })
    expect((await scene.call('github_call_api', { method: 'GET', path: issues })).isError).toBe(false)
  })

  test('a directory that cannot be written: audit_unavailable, and back when it can', async () => {
    scene = await setScene()
    const args = { method: 'GET', path: issues }
    expect((await scene.call('github_call_api', args)).isError).toBe(false)
    const sent = scene.upstream.bytes()
    // Root may write anywhere, so the directory is replaced by a file, which stops everybody.
    rmSync(scene.home.auditDir, { recursive: true })
    writeFileSync(scene.home.auditDir, '')
    const called = await scene.call('github_call_api', args)
    expect(called.structured).toMatchObject({ code: 'audit_unavailable', call_id: null })
    expect(scene.upstream.bytes()).toBe(sent)
  })

  test('a credential that cannot be read: credential_unavailable, without a byte sent', async () => {
    scene = await setScene()
    await scene.home.run(['credential', 'remove', 'github'])
    const called = await scene.call('github_call_api', { method: 'GET', path: issues })
    expect(called.structured['code']).toBe('credential_unavailable')
    expect(scene.upstream.connections()).toBe(0)
    expect(scene.calls()).toMatchObject([{ outcome: 'failed', code: 'credential_unavailable' }])
    // Nothing is remembered of the failure: once it can be read, the next call works.
    await scene.home.seal('github', secretToken)
    expect((await scene.call('github_call_api', { method: 'GET', path: issues })).isError).toBe(false)
  })
})
