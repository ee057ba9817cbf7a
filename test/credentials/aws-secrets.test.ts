import { afterEach, describe, expect, test } from 'vitest'
import { fetchSource } from '../../src/credentials/read-source.ts'
import { Source } from '../../src/credentials/source.ts'
import { fetchingOf, type TestFetching } from '../support/fetching.ts'
import { awsKeys, region, type SecretsManager, startSecretsManager } from '../support/secrets-manager.ts'

const secret = 'tok_0123456789abcdef'
const secrets = {
  'shop/token': secret,
  'arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop': secret,
  'shop/api': JSON.stringify({ token: secret, port: 8_080, empty: '', nul: `${secret}\0`, huge: 'x'.repeat(65_537) }),
  small: JSON.stringify({ token: secret }),
  'shop/list': JSON.stringify([secret]),
  'shop/binary': Buffer.from(secret),
}
const environment = {
  KEY_ID: awsKeys.accessKeyId,
  KEY: awsKeys.secretAccessKey,
  SESSION: awsKeys.sessionToken,
}

const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

async function managerWith(options?: { readonly withSession?: boolean }): Promise<SecretsManager> {
  const manager = await startSecretsManager(secrets, options)
  cleanUps.push(() => manager.close())
  return manager
}

function fetchingFrom(
  manager: Pick<SecretsManager, 'url'>,
  rest: object = {},
  given: Partial<Parameters<typeof fetchingOf>[0]> = {},
): TestFetching {
  const keys = { access_key_id: { env: 'KEY_ID' }, secret_access_key: { env: 'KEY' } }
  const aws = { region, endpoint: manager.url, ...keys, ...rest }
  return fetchingOf({ environment, stores: { aws }, ...given })
}

const read = async (written: string, fetching: TestFetching) =>
  (await fetchSource(Source.parse({ aws_secrets: written }), fetching)).value

async function refusalOf(written: string, fetching: TestFetching): Promise<string> {
  const refused = await read(written, fetching).then(
    () => expect.fail('it gave a value'),
    (error: Error & { code: string }) => error,
  )
  expect(refused.code).toBe('credential_unavailable')
  for (const hidden of [secret, ...Object.values(awsKeys), 'as the server says']) {
    expect(`${refused.message} ${String(refused.cause)}`).not.toContain(hidden)
  }
  return refused.message
}

describe('a secret is read, with a signature that AWS would accept', () => {
  test.each(['shop/token', 'shop/api#token', 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop'])(
    '%s',
    async written => {
      const manager = await managerWith()
      expect(await read(written, fetchingFrom(manager))).toBe(secret)
      expect(manager.requests.map(({ body }) => JSON.parse(body) as object)).toEqual([
        { SecretId: written.split('#')[0] },
      ])
      expect(manager.bytes()).not.toContain(awsKeys.secretAccessKey)
    },
  )

  test('of temporary keys too', async () => {
    const manager = await managerWith({ withSession: true })
    const session = { session_token: { env: 'SESSION' } }
    expect(await read('shop/token', fetchingFrom(manager, session))).toBe(secret)
    expect(await refusalOf('shop/token', fetchingFrom(manager))).toContain('does not know these keys')
  })

  test('once for all of its fields, and the keys are redacted', async () => {
    const manager = await managerWith()
    const fetching = fetchingFrom(manager)
    const values = await Promise.all(['small#token', 'small', 'small#token'].map(each => read(each, fetching)))
    expect(values).toEqual([secret, secrets.small, secret])
    expect(manager.requests).toHaveLength(1)
    expect(fetching.held.map(each => each.use(value => value))).toEqual([awsKeys.accessKeyId, awsKeys.secretAccessKey])
  })
})

describe('a read that does not succeed says why, and nothing that the server said', () => {
  test.each([
    ['a secret that is not there', 'shop/other', 'has no secret shop/other in this region'],
    ['a field that is not there', 'shop/api#tokne', 'shop/api in Secrets Manager has no field tokne'],
    ['what every object has', 'shop/api#constructor', 'shop/api in Secrets Manager has no field constructor'],
    ['a field that is a number', 'shop/api#port', 'has no text in the field port'],
    ['an empty field', 'shop/api#empty', 'shop/api#empty in Secrets Manager is empty'],
    ['a NUL', 'shop/api#nul', 'contains a NUL character'],
    ['a field that is too large', 'shop/api#huge', 'is larger than 65536 bytes'],
    ['a field of what is no JSON', 'shop/token#token', 'is not a JSON object, so that it has no field token'],
    ['a field of a list', 'shop/list#0', 'is not a JSON object, so that it has no field 0'],
    ['a binary secret', 'shop/binary', 'shop/binary in Secrets Manager is binary; only text can be used'],
  ])('%s', async (_, written, reason) => {
    expect(await refusalOf(written, fetchingFrom(await managerWith()))).toContain(reason)
  })

  test.each([
    ['AccessDeniedException', 'does not let shop/token be read; the keys need secretsmanager:GetSecretValue for it'],
    ['com.amazonaws.secretsmanager#DecryptionFailure', 'cannot decrypt shop/token'],
    ['ExpiredTokenException', 'the session token has expired'],
    ['InternalServiceError', 'fails at the moment (status 500)'],
    ['InvalidRequestException', 'it may be about to be deleted'],
    ['InvalidParameterException', 'does not take shop/token as the name'],
    ['ThrottlingException', 'wants fewer requests'],
    ['constructor', 'refuses the request (status 400)'],
    ['as the server says', 'refuses the request (status 400)'],
  ])('the error %s', async (failure, reason) => {
    const manager = await managerWith()
    manager.failure = failure
    expect(await refusalOf('shop/token', fetchingFrom(manager))).toContain(reason)
  })

  test.each([
    ['another key', { KEY_ID: 'AKIDOTHER0123456789' }, 'does not know these keys; look at access_key_id'],
    ['another secret', { KEY: 'x'.repeat(40) }, 'look at secret_access_key, region and the clock of this machine'],
    [
      'a secret with a line break',
      { KEY: 'two\nlines-0123' },
      'the secret_access_key of stores.aws contains a line break',
    ],
    ['no key', { KEY_ID: '' }, 'KEY_ID'],
  ])('%s', async (_, other, reason) => {
    const given = { environment: { ...environment, ...other } }
    expect(await refusalOf('shop/token', fetchingFrom(await managerWith(), {}, given))).toContain(reason)
  })

  test('a clock that is off', async () => {
    const given = { clock: () => Date.now() - 3_600_000 }
    expect(await refusalOf('shop/token', fetchingFrom(await managerWith(), {}, given))).toContain(
      'the clock of this machine',
    )
  })

  test.each([
    ['HTML', 200, '<html>as the server says</html>', 'answered without a value for shop/token'],
    ['a failure in HTML', 502, '<html>as the server says</html>', 'fails at the moment (status 502)'],
    ['null', 200, 'null', 'answered without a value for shop/token'],
    ['null and a status', 403, 'null', 'refuses the request (status 403)'],
    ['a secret of 10 MB', 200, JSON.stringify({ SecretString: 'x'.repeat(1e7) }), 'it is too large, or broke off'],
    ['a redirect', 302, '', 'redirects, which is not followed (status 302)'],
  ])('%s', async (_, status, body, reason) => {
    const [manager, other] = [await managerWith(), await managerWith()]
    manager.answer = response => void response.writeHead(status, { location: other.url }).end(body)
    expect(await refusalOf('shop/token', fetchingFrom(manager))).toContain(reason)
    expect(other.requests).toEqual([])
  })

  test('a server that never answers, within the time that a source has', async () => {
    const manager = await managerWith()
    manager.answer = () => {}
    const began = performance.now()
    const fetching = fetchingFrom(manager, {}, { timeoutMs: 300 })
    expect(await refusalOf('shop/token', fetching)).toBe('Secrets Manager did not answer in time')
    expect(performance.now() - began).toBeLessThan(2_000)
  })

  test('a configuration without AWS', async () => {
    expect(await refusalOf('shop/token', fetchingOf({ environment }))).toContain('there is no stores.aws')
  })
})
