import { describe, expect, test } from 'vitest'
import { signAws } from '../../src/credentials/aws-signature.ts'
import { Credential } from '../../src/credentials/credential.ts'
import type { UnsignedRequest } from '../../src/leased.ts'
import { Secret } from '../../src/secret.ts'
import { refusalOfAws, signatureOf } from './aws-verifier.ts'
import { leasingOf, redactedBy } from './reading.ts'
import { spellingsOf } from './signing.ts'

const suite = { id: 'AKIDEXAMPLE', secret: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' }
const suiteTime = '2015-08-30T12:36:00Z'
const documented = { id: 'AKIAIOSFODNN7EXAMPLE', secret: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' }
const documentedTime = '2013-05-24T00:00:00Z'
const hidden = (value: string) => new Secret('aws', value)
const opened = (value: string | Secret | undefined) =>
  value instanceof Secret ? value.use(text => text) : (value ?? '')

/** Signs a request and gives its headers in plain. */
async function signed(
  request: Partial<UnsignedRequest> & { readonly url: URL },
  {
    id,
    secret,
    token,
    service,
    time,
  }: {
    readonly id: string
    readonly secret: string
    readonly token?: string
    readonly service: string
    readonly time: string
  },
) {
  const keys = {
    name: 'aws',
    accessKeyId: hidden(id),
    secretAccessKey: hidden(secret),
    sessionToken: token === undefined ? null : hidden(token),
    region: 'us-east-1',
    service,
  }
  const whole = { method: 'GET', headers: {}, body: null, ...request }
  const { headers, derived } = await signAws(whole, keys, new Date(time))
  return {
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, opened(value)])),
    derived: derived.map(opened),
  }
}

const unreserved = '-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const form = { 'content-type': 'application/x-www-form-urlencoded' }
const formUtf8 = { 'content-type': 'application/x-www-form-urlencoded; charset=utf8' }
/** Of the example of the AWS Security Token Service in the suite. */
const suiteToken =
  'AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7' +
  'mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d' +
  '+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA=='

describe('signatures are those of the test suite that AWS publishes', () => {
  test.each<[string, string, string, Record<string, string>, string | null, string, string?]>([
    ['get-vanilla', 'GET', '/', {}, null, '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31'],
    [
      'get-vanilla-query-order-key-case',
      'GET',
      '/?Param2=value2&Param1=value1',
      {},
      null,
      'b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500',
    ],
    [
      'get-vanilla-query-order-key (one name, two values)',
      'GET',
      '/?Param1=value2&Param1=Value1',
      {},
      null,
      'eedbc4e291e521cf13422ffca22be7d2eb8146eecf653089df300a15b2382bd1',
    ],
    [
      'get-vanilla-query-unreserved',
      'GET',
      `/?${unreserved}=${unreserved}`,
      {},
      null,
      '9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197',
    ],
    [
      'get-vanilla-utf8-query',
      'GET',
      '/?%E1%88%B4=bar',
      {},
      null,
      '2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04',
    ],
    [
      'get-unreserved',
      'GET',
      `/${unreserved}`,
      {},
      null,
      '07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f',
    ],
    [
      'get-header-value-trim',
      'GET',
      '/',
      { 'my-header1': ' value1 ', 'my-header2': ' "a   b   c" ' },
      null,
      'acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736',
    ],
    ['post-vanilla', 'POST', '/', {}, null, '5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b'],
    [
      'post-vanilla-query',
      'POST',
      '/?Param1=value1',
      {},
      null,
      '28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11',
    ],
    [
      'post-header-key-sort',
      'POST',
      '/',
      { 'my-header1': 'value1' },
      null,
      'c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c',
    ],
    [
      'post-header-value-case',
      'POST',
      '/',
      { 'my-header1': 'VALUE1' },
      null,
      'cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d',
    ],
    [
      'post-x-www-form-urlencoded',
      'POST',
      '/',
      form,
      'Param1=value1',
      'ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a',
    ],
    [
      'post-x-www-form-urlencoded-parameters',
      'POST',
      '/',
      formUtf8,
      'Param1=value1',
      '1a72ec8f64bd914b0e42e42607c7fbce7fb2c7465f63e3092b3b0d39fa77a6fe',
    ],
    [
      'post-sts-header-before',
      'POST',
      '/',
      {},
      null,
      '85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead',
      suiteToken,
    ],
    [
      'get-vanilla-with-session-token',
      'GET',
      '/',
      {},
      null,
      '07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8',
      '6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267',
    ],
  ])('%s', async (_name, method, path, headers, body, signature, token) => {
    const url = new URL(`https://example.amazonaws.com${path}`)
    const scope = { service: 'service', time: suiteTime, ...(token === undefined ? {} : { token }) }
    const made = await signed({ method, url, headers, body }, { ...suite, ...scope })
    const names = [
      'host',
      'x-amz-date',
      ...Object.keys(headers),
      ...(token === undefined ? [] : ['x-amz-security-token']),
    ]
    expect(made.headers['authorization']).toBe(
      `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, ` +
        `SignedHeaders=${names.sort().join(';')}, Signature=${signature}`,
    )
    expect(made.headers['x-amz-date']).toBe('20150830T123600Z')
    expect(made.headers['x-amz-security-token']).toBe(token)
    expect(made.derived).toEqual([
      ...new Set(spellingsOf(Buffer.from(signature, 'hex')).map(text => text.replace(/=$/, ''))),
    ])
  })
})

describe('signatures for S3 are those of its documentation', () => {
  test.each<[string, string, string, Record<string, string>, string | null, string]>([
    [
      'an object, a range of it',
      'GET',
      '/test.txt',
      { range: 'bytes=0-9' },
      null,
      'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
    ],
    [
      'to put an object',
      'PUT',
      '/test%24file.text',
      { date: 'Fri, 24 May 2013 00:00:00 GMT', 'x-amz-storage-class': 'REDUCED_REDUNDANCY' },
      'Welcome to Amazon S3.',
      '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd',
    ],
    [
      'the life cycle of a bucket',
      'GET',
      '/?lifecycle',
      {},
      null,
      'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543',
    ],
    [
      'a list of objects',
      'GET',
      '/?max-keys=2&prefix=J',
      {},
      null,
      '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7',
    ],
  ])('%s', async (_name, method, path, headers, body, signature) => {
    const url = new URL(`https://examplebucket.s3.amazonaws.com${path}`)
    const made = await signed({ method, url, headers, body }, { ...documented, service: 's3', time: documentedTime })
    expect(made.derived[0]).toBe(signature)
    expect(made.headers['x-amz-content-sha256']).toMatch(/^[0-9a-f]{64}$/)
  })
})

// What the suite writes unencoded on its request line (get-utf8, get-space) no HTTP client can send; S3 signs what it means.
test('the yardstick of these tests gives the signatures that AWS publishes', () => {
  const at = { time: '20150830T123600Z', region: 'us-east-1', service: 'service', signed: ['host', 'x-amz-date'] }
  const headers = { host: 'example.amazonaws.com', 'x-amz-date': '20150830T123600Z' }
  const of = (url: string) => signatureOf({ method: 'GET', url, headers, body: '' }, suite, at)
  expect(of('/ሴ')).toBe('8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85')
  expect(of('/example space/')).toBe('652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741')
  expect(of('/?Param2=value2&Param1=value1')).toBe('b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500')
})

describe('paths and queries that no example covers', () => {
  const paths = [
    '/',
    '/%E1%88%B4/example%20space/',
    '/a%2Bb/c:d@e$f&g,h=i',
    "/it's(all)!*~",
    '/%25/100%25',
    '/x?a=1&b=%20%2B%25&c=%E1%88%B4&d',
    "/x?q=it's(all)!*~&list-type=2",
  ]
  test.each(['service', 's3'].flatMap(service => paths.map(path => [service, path])))(
    '%s %s',
    async (service, path) => {
      const url = new URL(`https://host.example:8443${path}`)
      const made = await signed(
        { url, method: 'PUT', body: '{"a":"ü"}', headers: { 'content-type': 'application/json' } },
        { ...suite, service, time: suiteTime },
      )
      const headers = { ...made.headers, host: 'host.example:8443', 'content-type': 'application/json' }
      const arrived = { method: 'PUT', url: path, headers, body: '{"a":"ü"}' }
      expect(refusalOfAws(arrived, suite, service)).toBe(null)
      expect(refusalOfAws({ ...arrived, body: '{}' }, suite, service)).not.toBe(null)
      expect(refusalOfAws({ ...arrived, url: `${path}x` }, suite, service)).not.toBe(null)
    },
  )

  test('a list signs as a list, but not for S3, which takes one of its values', async () => {
    const url = new URL('https://host.example/?a=1&a=2')
    await expect(signed({ url }, { ...suite, service: 's3', time: suiteTime })).rejects.toMatchObject({
      code: 'invalid_input',
    })
    const made = await signed({ url }, { ...suite, service: 'ec2', time: suiteTime })
    const arrived = { method: 'GET', url: '/?a=1&a=2', headers: { ...made.headers, host: 'host.example' }, body: '' }
    expect(refusalOfAws(arrived, suite, 'ec2')).toBe(null)
  })

  test.each(['?=1', '?a=1&=2'])('%s: a parameter without a name is not signed', async query => {
    const url = new URL(`https://host.example/${query}`)
    await expect(signed({ url }, { ...suite, service: 'ec2', time: suiteTime })).rejects.toMatchObject({
      code: 'invalid_input',
    })
  })
})

const env = (name: string) => ({ env: name })
const written = {
  type: 'aws_sigv4',
  access_key_id: env('ID'),
  secret_access_key: env('SECRET'),
  region: 'eu-west-1',
  service: 's3',
}
const environment = { ID: documented.id, SECRET: documented.secret, TOKEN: suiteToken }

describe('access keys', () => {
  test.each([
    ['from sources', {}, [documented.secret, documented.id]],
    ['with the id as text, which is no secret', { access_key_id: documented.id }, [documented.secret]],
    ['that are temporary', { session_token: env('TOKEN') }, [documented.secret, documented.id, suiteToken]],
  ])('%s', async (_, more, redacted) => {
    const clock = () => Date.parse(documentedTime)
    const lease = await leasingOf({ ...written, ...more }, environment, { clock }).get()
    expect(redactedBy(lease)).toEqual(redacted)
    expect(lease.credential.type).toBe('signer')
    if (lease.credential.type !== 'signer') return
    const request = { method: 'GET', url: new URL('https://b.s3.eu-west-1.amazonaws.com/k'), headers: {}, body: null }
    const { headers } = await lease.credential.sign(request)
    const plain = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, opened(value)]))
    const arrived = { method: 'GET', url: '/k', headers: { ...plain, host: request.url.host }, body: '' }
    expect(refusalOfAws(arrived, documented, 's3', 'eu-west-1')).toBe(null)
    expect(plain['x-amz-date']).toBe('20130524T000000Z')
    for (const secret of redacted) expect(JSON.stringify(headers)).not.toContain(secret)
  })

  test.each([
    ['the secret as text', { secret_access_key: documented.secret }, 'secret_access_key', 'a literal secret'],
    ['the secret as id', { access_key_id: documented.secret }, 'access_key_id', 'name a source'],
    ['the id of another product as text', { access_key_id: 'minio' }, 'access_key_id', 'name a source'],
    ['a region with a slash', { region: 'eu/west' }, 'region', 'a region'],
    ['a service with a line break', { service: 's3\n' }, 'service', 'the name by which'],
    ...['s3express', 's3-object-lambda', 's3-outposts', 's3-control', 's3tables', 's3vectors'].map(
      (service): [string, object, string, string] => [
        `${service}, which has rules of its own`,
        { service },
        'service',
        'not supported',
      ],
    ),
  ])('%s is refused', (_, more, key, reason) => {
    const { error } = Credential.safeParse({ ...written, ...more })
    expect(error?.issues.map(issue => issue.path[0])).toEqual([key])
    expect(JSON.stringify(error?.issues)).toContain(reason)
    expect(JSON.stringify(error?.issues)).not.toContain(documented.secret)
  })

  test.each([
    ['an id with a comma', { ID: 'AKIA,Signature=0' }, 'the access key id of shop contains a character'],
    [
      'a secret with a line break',
      { SECRET: `${documented.secret}\nx` },
      'the secret access key of shop contains a line break',
    ],
    ['an empty token', { TOKEN: '' }, 'TOKEN'],
  ])('%s: not leased, and the record says why', async (_, values, detail) => {
    const leasing = leasingOf({ ...written, session_token: env('TOKEN') }, { ...environment, ...values })
    await expect(leasing.get()).rejects.toMatchObject({
      code: 'credential_unavailable',
      message: expect.stringContaining(detail),
    })
  })
})
