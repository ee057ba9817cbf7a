import { createHmac } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { refusalOfAws } from '../../credentials/aws-verifier.ts'
import { findForms } from '../../support/forms.ts'
import { makeHome } from '../../support/home.ts'
import { echo, type Received } from '../../support/upstream.ts'
import { spellingsOf } from '../../credentials/signing.ts'
import { type Done, setTools, type Tools } from '../http/tools.ts'

const caller = { id: 'AKIAIOSFODNN7EXAMPLE', secret: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' }
const sessionToken = 'IQoJb3JpZ2luX2VjEXAMPLE//////////wEaCXVzLWVhc3QtMSJHMEUCIQDx+0123456789=='
const shared = 'sh4red-s3cret/R4nd0m+value-that-is-long-enough'
const sealed = { awsid: caller.id, awskey: caller.secret, awstoken: sessionToken, shared }
const from = (item: string) => ({ sealed: item })

const aws = { type: 'aws_sigv4', access_key_id: from('awsid'), secret_access_key: from('awskey'), region: 'us-east-1' }
const hmac = {
  type: 'hmac',
  secret: from('shared'),
  key_id: 'agent-7',
  message: '{timestamp}\n{nonce}\n{method}\n{host}\n{path_and_query}\n{content_type}\n{body}',
  headers: { authorization: 'HMAC {key_id}:{signature}', 'x-time': '{timestamp}', 'x-nonce': '{nonce}' },
}
const jwt = { type: 'jwt', key: from('shared'), algorithm: 'HS256', issuer: 'keyhold', audience: 'https://api.example' }

const credentials = {
  s3: { ...aws, service: 's3' },
  ec2: { ...aws, service: 'ec2', session_token: from('awstoken') },
  hmac,
  jwt,
}

/** The signature of a request as it arrived, or why it is none. */
function judged(
  tool: string,
  request: Received,
  host: string,
): { readonly problem: string | null; readonly proof: string } {
  const authorization = request.headers.authorization ?? ''
  if (request.headers.host !== host) return { problem: `host ${request.headers.host}`, proof: '' }
  if (tool === 's3' || tool === 'ec2')
    return {
      problem: refusalOfAws(request, caller, tool),
      proof: authorization.slice(authorization.lastIndexOf('=') + 1),
    }
  if (tool === 'hmac') {
    const [, proof = ''] = /^HMAC agent-7:([0-9a-f]{64})$/.exec(authorization) ?? []
    const { 'x-time': time, 'x-nonce': nonce, 'content-type': type = '' } = request.headers
    const message = [time, nonce, request.method, host, request.url, type, request.body].join('\n')
    const expected = createHmac('sha256', shared).update(message).digest('hex')
    return { problem: proof === expected ? null : 'another signature', proof }
  }
  const token = authorization.replace(/^Bearer /, '')
  const [header, payload, proof = ''] = token.split('.')
  const expected = createHmac('sha256', shared).update(`${header}.${payload}`).digest('base64url')
  return { problem: proof === expected ? null : 'another signature', proof }
}

/** What proves a request, in all spellings of its bytes. */
function respelled({ headers: { authorization = '' } }: Received): readonly string[] {
  const isToken = authorization.startsWith('Bearer ')
  const proof = isToken ? authorization.split('.')[2] : authorization.slice(-64)
  return spellingsOf(Buffer.from(proof ?? '', isToken ? 'base64url' : 'hex'))
}

let tools: Tools
let host: string
let failures = 0
beforeAll(async () => {
  tools = await setTools({
    sealed,
    credentials: () => credentials,
    respond(request, response) {
      if (request.url.startsWith('/busy') && failures > 0) {
        failures -= 1
        response.writeHead(503, { 'retry-after': '0' }).end(JSON.stringify(request.headers))
        return
      }
      if (request.url.startsWith('/moved')) {
        response.writeHead(302, { location: `/there?said=${encodeURIComponent('a b+c')}` }).end()
        return
      }
      if (request.url.startsWith('/pages')) {
        const page = Number(new URL(request.url, 'http://x').searchParams.get('page') ?? '1')
        const link = page < 3 ? { link: `<${request.url.split('?')[0]}?page=${page + 1}>; rel="next"` } : {}
        response.writeHead(200, { 'content-type': 'application/json', ...link }).end(JSON.stringify([request.headers]))
        return
      }
      if (request.url.startsWith('/respelled')) {
        response.setHeader('content-type', 'application/json')
        response.end(JSON.stringify({ spellings: respelled(request) }))
        return
      }
      if (request.url.startsWith('/denied')) response.statusCode = 403
      void echo(request, response)
    },
    tools: () =>
      Object.fromEntries(
        Object.keys(credentials).map(name => [
          name,
          {
            credential: name,
            allow: [
              'GET /**',
              'PUT /**',
              'POST /**',
              { method: 'POST', path: '/form', content_types: ['application/x-www-form-urlencoded'] },
            ],
            headers: { 'x-fixed': 'two  words', 'user-agent': 'keyhold-test' },
            redirects: 'same_origin',
            pages: { follow: 'link', max: 5 },
            idempotency: { header: 'idempotency-key' },
          },
        ]),
      ),
  })
  host = new URL(tools.upstream.url).host
})
afterAll(() => tools.end())

/** Every request of a call was signed over what really arrived, and nothing of it came back. */
function expectSigned(tool: string, done: Done, count = 1): readonly string[] {
  expect(done.requests).toHaveLength(count)
  const proofs = done.requests.map(request => {
    const { problem, proof } = judged(tool, request, host)
    expect(problem).toBe(null)
    return proof
  })
  const seen = done.raw + JSON.stringify(done.record)
  for (const secret of [...proofs, caller.secret, sessionToken, shared, caller.id])
    expect(findForms(seen, secret)).toEqual([])
  return proofs
}

describe.each(Object.keys(credentials))('%s', tool => {
  const call = (args: object) => tools.do(`${tool}_call_api`, args)

  test.each<[string, object]>([
    ['a plain request', { method: 'GET', path: '/thing' }],
    ['a query', { method: 'GET', path: '/thing', query: { b: 'x y', a: '1+1=2', ü: "it's (all) ~*!", c: '%20' } }],
    ['a path with everything', { method: 'GET', path: "/a+b/c%20d/%C3%BC/e:f@g$h&i,j=k/it's(all)~*!/100%25" }],
    ['a body', { method: 'POST', path: '/things', body: { text: 'Grüße\n"1+1"', n: [1, 2] } }],
    ['a text', { method: 'PUT', path: '/things/7', body: 'two\nlines', headers: { 'content-type': 'text/plain' } }],
    ['an empty body', { method: 'POST', path: '/things' }],
    [
      'headers of the agent',
      { method: 'GET', path: '/thing', headers: { accept: 'text/html,  */*', 'if-match': '"a"' } },
    ],
    [
      'a form',
      {
        method: 'POST',
        path: '/form',
        body: { a: 'x y+z', b: 'ü' },
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
      },
    ],
  ])('%s is signed as it arrives', async (_, args) => {
    const done = await call(args)
    expect(done).toMatchObject({ isError: false, structured: { status: 200 } })
    expectSigned(tool, done)
    expect(done.lines[0]).not.toContain('+')
  })

  test('a list in the query is signed, or refused where it cannot be', async () => {
    const done = await call({ method: 'GET', path: '/thing', query: { a: ['2', '1'] } })
    if (tool === 's3') expect(done).toMatchObject({ isError: true, code: 'invalid_input', sent: '' })
    else expectSigned(tool, done)
  })

  test('an attempt after a 503 is signed anew', async () => {
    failures = 2
    const done = await call({ method: 'GET', path: '/busy' })
    expectSigned(tool, done, 3)
    const once = (name: string) => new Set(done.requests.map(({ headers }) => headers[name])).size
    if (tool === 'hmac') expect(once('x-nonce')).toBe(3)
    if (tool === 'jwt') expect(once('authorization')).toBe(3)
  })

  test('where a redirect leads is signed anew', async () => {
    const done = await call({ method: 'GET', path: '/moved' })
    const [first, second] = expectSigned(tool, done, 2)
    expect(done.lines).toEqual(['GET /moved', 'GET /there?said=a%20b%2Bc'])
    expect(first).not.toBe(second)
  })

  test('every page is signed anew, and none shows what another was signed with', async () => {
    const done = await call({ method: 'GET', path: '/pages/all' })
    expect(done.structured).toMatchObject({ pages: 3 })
    expect(new Set(expectSigned(tool, done, 3)).size).toBe(3)
  })

  test('a refusal of the API, with the signature in it, passes through without the signature', async () => {
    const done = await call({ method: 'GET', path: '/denied' })
    expect(done).toMatchObject({ isError: true, structured: { status: 403 } })
    expectSigned(tool, done)
  })

  test('an API that prints the signature in another spelling does not show it', async () => {
    const done = await call({ method: 'GET', path: '/respelled' })
    const [proof = ''] = expectSigned(tool, done)
    const spellings = done.requests.flatMap(respelled)
    expect(spellings).toHaveLength(4)
    expect(spellings.map(text => text.replace(/=+$/, ''))).toContain(proof)
    const seen = done.raw + JSON.stringify(done.record)
    for (const spelling of spellings) {
      expect(findForms(seen, spelling)).toEqual([])
      for (let at = 0; at + 12 <= spelling.length; at += 1) expect(seen).not.toContain(spelling.slice(at, at + 12))
    }
    expect(done.structured).toMatchObject({
      body: { spellings: Array.from({ length: 4 }, () => expect.stringMatching(/^\[credential [a-z0-9]+\]=?$/)) },
    })
  })

  test('a key of idempotency is among what is signed and sent', async () => {
    const done = await call({ method: 'POST', path: '/once', body: { a: 1 } })
    expectSigned(tool, done)
    expect(done.requests[0]?.headers['idempotency-key']).toMatch(/./)
    if (tool === 's3' || tool === 'ec2') expect(done.requests[0]?.headers.authorization).toContain(';idempotency-key;')
  })

  test.each(['authorization', 'x-amz-date', 'x-amz-security-token', 'x-time', 'host', 'x-fixed'])(
    'the agent cannot send the header %s itself',
    async name => {
      const done = await call({ method: 'GET', path: '/thing', headers: { [name]: 'mine' } })
      expect(done).toMatchObject({ isError: true, code: 'invalid_input', sent: '' })
    },
  )

  test('two calls at once do not show each other what they were signed with', async () => {
    const before = tools.upstream.requests.length
    const called = await Promise.all(
      Array.from({ length: 8 }, (_, index) =>
        tools.call(`${tool}_call_api`, { method: 'GET', path: `/thing/${index}` }),
      ),
    )
    const proofs = tools.upstream.requests.slice(before).map(request => judged(tool, request, host).proof)
    expect(proofs).toHaveLength(8)
    for (const { raw } of called) for (const proof of proofs) expect(findForms(raw, proof)).toEqual([])
  })
})

test.each([
  'X-Amz-Algorithm',
  'x-amz-credential',
  'X-Amz-Date',
  'X-Amz-Expires',
  'x_amz_signedheaders',
  'X-Amz-Acl',
  'AWSAccessKeyId',
])('the agent cannot be another caller of AWS by way of the parameter %s', async name => {
  const done = await tools.do('s3_call_api', { method: 'GET', path: '/thing', query: { [name]: 'x' } })
  expect(done).toMatchObject({ isError: true, code: 'invalid_input', sent: '' })
})

test('the temporary token is sent and signed', async () => {
  const done = await tools.do('ec2_call_api', { method: 'GET', path: '/thing' })
  expect(done.requests[0]?.headers['x-amz-security-token']).toBe(sessionToken)
  expect(done.requests[0]?.headers.authorization).toContain('x-amz-security-token')
})

test.each([
  ['s3', 'x-amz-date'],
  ['hmac', 'x-nonce'],
  ['hmac', 'x-time'],
  ['jwt', 'authorization'],
])('%s: the header %s can neither be fixed in a tool, nor hold the key of idempotency', async (name, header) => {
  const home = makeHome()
  const tool = { kind: 'http', description: 'd', base_url: 'https://api.example', credential: name, allow: ['GET /a'] }
  const check = async (more: object) => {
    home.writeConfig({ version: 1, credentials, tools: { it: { ...tool, ...more } } })
    const { code, out, err } = await home.run(['check'])
    return `${code} ${out}${err}`
  }
  try {
    expect(await check({})).not.toMatch(/^2/)
    expect(await check({ headers: { [header]: 'x' } })).toMatch(/^2 .*(?:what the credential fills|literal secret)/s)
    expect(await check({ idempotency: { header } })).toMatch(/^2 .*(?:what the credential fills|not a header name)/s)
  } finally {
    home.remove()
  }
})

test('nothing that a request was signed with is in the log or the record of all these calls', () => {
  const seen = tools.home.auditText() + tools.log()
  const proofs = ['s3', 'ec2', 'hmac', 'jwt'].flatMap(tool =>
    tools.upstream.requests.map(request => judged(tool, request, host)).filter(({ problem }) => problem === null),
  )
  expect(proofs.length).toBeGreaterThan(80)
  for (const { proof } of proofs) expect(seen.includes(proof) || seen.includes(proof.slice(0, 24))).toBe(false)
  for (const secret of [caller.secret, sessionToken, shared]) expect(findForms(seen, secret)).toEqual([])
})
