import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { echo, type Respond } from '../../support/upstream.ts'
import { type Tools, setTools } from './tools.ts'

const issues = [
  { number: 1, title: 'a', body: 'long', user: { login: 'x', email: 'e' }, labels: { bug: { id: 1, color: 'red' } } },
  { number: 2, title: 'b', body: 'long', user: null, labels: {} },
]

const answers: Readonly<Record<string, Respond>> = {
  '/issues': (_request, response) => void response.end(JSON.stringify(issues)),
  '/missing': (_request, response) => void response.writeHead(404).end('{"message":"Not Found","number":1}'),
  '/large': (_request, response) => {
    const rows = Array.from({ length: 1_500 }, (_, number) => ({
      number,
      title: `t${number}`,
      body: 'x'.repeat(2_700),
    }))
    response.end(JSON.stringify(rows))
  },
  '/beyond': (_request, response) => void response.end(JSON.stringify([{ number: 'x'.repeat(4_500_000) }])),
  '/still-large': (_request, response) =>
    void response.end(JSON.stringify(Array.from({ length: 40_000 }, (_, number) => ({ number, title: 'a title' })))),
  '/nothing': (_request, response) => void response.writeHead(204).end(),
  '/page': (_request, response) => void response.setHeader('content-type', 'text/html').end('<p>down</p>'),
}

describe('select cuts an answer down', () => {
  let cut: Tools
  beforeAll(async () => {
    const operation = (path: string) => ({
      request: `GET ${path}`,
      description: 'Reads.',
      query: { per_page: { type: 'integer' }, q: { type: 'string' } },
      select: ['/*/number', '/*/title', '/*/user/login', '/*/labels/*/id'],
    })
    cut = await setTools({
      respond: (request, response) => {
        response.setHeader('content-type', 'application/json')
        return (answers[new URL(request.url, 'http://x').pathname] ?? echo)(request, response)
      },
      tools: () => ({
        shop: {
          limits: { timeout: '20s', max_response: '64kb' },
          operations: Object.fromEntries(
            Object.keys(answers).map(path => [path.slice(1).replace('-', '_'), operation(path)]),
          ),
        },
      }),
    })
  })
  afterAll(() => cut.end())

  test('to the pointers, where * is every item or every value', async () => {
    expect((await cut.do('shop_issues')).structured).toMatchObject({
      status: 200,
      truncated: false,
      body: [
        { number: 1, title: 'a', user: { login: 'x' }, labels: { bug: { id: 1 } } },
        { number: 2, title: 'b', labels: {} },
      ],
    })
  })

  test('but not the answer of an error', async () => {
    const done = await cut.do('shop_missing')
    expect(done).toMatchObject({
      isError: true,
      structured: { status: 404, body: { message: 'Not Found', number: 1 } },
    })
    expect(JSON.parse(done.text)).toEqual(done.structured)
    expect(done.record).toMatchObject({ outcome: 'failed', status: 404 })
  })

  test('that is larger than what may be shown: 4 MB are read, and what is selected is shown whole', async () => {
    const done = await cut.do('shop_large')
    expect(done.record['bytes_in']).toBeGreaterThan(4_000_000)
    expect(done.structured).toMatchObject({ status: 200, truncated: false })
    expect(done.body).toEqual(Array.from({ length: 1_500 }, (_, number) => ({ number, title: `t${number}` })))
    expect(done.structured['hint']).toBeUndefined()
  })

  test('an answer of more than 4 MB: nothing, with the hint to ask for less', async () => {
    const done = await cut.do('shop_beyond')
    expect(done.structured).toMatchObject({ status: 200, body: null, truncated: true })
    expect(done.structured['hint']).toBe('The answer was cut at 4194304 bytes. Ask for less: with per_page.')
  })

  test('what is selected is still too large: cut text, with the hint to ask for less', async () => {
    const done = await cut.do('shop_still_large')
    expect(done.structured).toMatchObject({ status: 200, truncated: true })
    expect(String(done.body).length).toBe(65_536)
    expect(done.structured['hint']).toBe('The answer was cut at 65536 bytes. Ask for less: with per_page.')
  })

  test('of what is not JSON: nothing, and the answer says why', async () => {
    const done = await cut.do('shop_page')
    expect(done.structured).toMatchObject({
      status: 200,
      body: null,
      truncated: false,
      hint: 'Nothing could be selected: the answer is not JSON, or has more than 200,000 values.',
    })
  })

  test('of an answer without a body: nothing, and nothing is wrong about that', async () => {
    const done = await cut.do('shop_nothing')
    expect(done).toMatchObject({ isError: false, structured: { status: 204, truncated: false } })
    expect(done.structured).not.toHaveProperty('hint')
  })
})
