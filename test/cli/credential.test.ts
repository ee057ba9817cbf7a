// Longer than most: the three commands are tested on one configuration, as an admin uses them.
import { existsSync } from 'node:fs'
import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { CredentialCommand } from '../../src/cli/credential-command.ts'
import { listCredentials as list } from '../../src/cli/credential-list.ts'
import { removeCredential } from '../../src/cli/credential-remove.ts'
import { setCredential } from '../../src/cli/credential-set.ts'
import { Credential } from '../../src/credentials/credential.ts'
import { fingerprintOf } from '../../src/credentials/fingerprint.ts'
import { seal, unseal } from '../../src/credentials/sealed.ts'
import { rsaKey } from '../credentials/reading.ts'

const secret = 'tok_0123456789abcdef'
const fingerprintKey = Buffer.from('the key of this installation')
const fingerprint = fingerprintOf(fingerprintKey, secret)
let folder = ''
let written = ''

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'credential-'))
  written = ''
})
afterEach(async () => {
  expect(written).not.toContain(secret)
  await rm(folder, { recursive: true })
})

const placesWith = (environment: Record<string, string>) => ({
  stateDir: join(folder, 'state'),
  home: folder,
  environment,
  platform: process.platform,
})

const header = ['NAME', 'TYPE', 'SOURCE', 'TOOLS', 'AGE', 'LAST USE', 'FINGERPRINT']
const age = expect.stringMatching(/^\d+[smhd]$/)

/** A command with the credentials of a configuration, bearer tokens unless they say otherwise, and its tools. */
function commandWith(
  tokens: Record<string, object> | null,
  tools: Record<string, string | null> = {},
  rest: { json?: boolean; environment?: Record<string, string> } = {},
): CredentialCommand {
  const credentials = Object.entries(tokens ?? {}).map(
    ([name, token]) => [name, Credential.parse('type' in token ? token : { type: 'bearer', token })] as const,
  )
  const used = Object.entries(tools).map(([name, credential]) => ({ name, credential, others: [] }))
  return {
    places: placesWith(rest.environment ?? {}),
    fingerprintKey,
    clock: Date.now,
    config:
      tokens === null
        ? null
        : ({ credentials: new Map(credentials), stores: {}, tools: used } as unknown as CredentialCommand['config']),
    write: text => {
      written += text
    },
    json: rest.json ?? false,
  }
}

const listCredentials = (command: CredentialCommand) => list({ ...command, auditDir: join(folder, 'audit') })

/** Sets a credential to what somebody enters; tells whether somebody was asked. */
async function set(
  input: { name: string; keychain?: boolean; identity?: 'file' | 'keychain' },
  entered: string,
  command: CredentialCommand,
) {
  const asked: string[] = []
  const readSecret = async (prompt: string) => {
    asked.push(prompt)
    return entered
  }
  await setCredential({ keychain: false, ...input }, { ...command, readSecret }).catch((error: Error) => {
    if (entered !== '') expect(error.message).not.toContain(entered)
    throw Object.assign(error, { asked })
  })
  return asked
}

describe('credential set', () => {
  test('seals the value under the name when there is no configuration, and says what to add to one', async () => {
    expect(await set({ name: 'github' }, secret, commandWith(null))).toEqual(['Value of github (it is not shown): '])
    expect(written).toBe(
      `github is stored: sealed github, fingerprint ${fingerprint}\n\nTo use it, add to keyhold.yaml:\n\ncredentials:\n  github: { type: bearer, token: { sealed: github } }\n`,
    )
    expect(await unseal('github', placesWith({}))).toBe(secret)
  })

  test('seals the value where the configuration says, and has nothing to add', async () => {
    const command = commandWith({ github: { sealed: 'gh-2' } }, { issues: 'github' })
    await set({ name: 'github' }, secret, command)
    expect(written).toBe(`github is stored: sealed gh-2, fingerprint ${fingerprint}\n`)
    expect(await unseal('gh-2', placesWith({}))).toBe(secret)
  })

  test('by the name of an item that a credential uses says no more than needed', async () => {
    await set({ name: 'gh-2' }, secret, commandWith({ github: { sealed: 'gh-2' } }))
    expect(written).toBe(`gh-2 is stored: sealed gh-2, fingerprint ${fingerprint}\n`)
  })

  test('answers in JSON', async () => {
    await set({ name: 'github' }, secret, commandWith(null, {}, { json: true }))
    expect(JSON.parse(written)).toEqual({
      name: 'github',
      source: 'sealed github',
      fingerprint,
      used_by: [],
      yaml: 'credentials:\n  github: { type: bearer, token: { sealed: github } }\n',
    })
  })

  test.each([
    ['a variable', { env: 'GITHUB_TOKEN' }, 'github is read from the variable GITHUB_TOKEN'],
    ['a file of the admin', { file: '~/key' }, 'github is read from ~/key'],
  ])('asks for nothing and writes nothing when the value comes from %s', async (_, token, reason) => {
    const refused = await set({ name: 'github' }, secret, commandWith({ github: token })).catch(error => error)
    expect(refused).toMatchObject({ code: 'invalid_input', asked: [] })
    expect(refused.message).toContain(reason)
    expect(await readdir(folder)).toEqual([])
  })

  test('asks for nothing when it is told another place than the configuration', async () => {
    const command = commandWith({ github: { sealed: 'github' } })
    const refused = await set({ name: 'github', keychain: true }, secret, command).catch(error => error)
    expect(refused).toMatchObject({ code: 'invalid_input', asked: [] })
  })

  test.each(['../identity', 'a b', '', 'x'.repeat(65), '-x'])(
    'does not take %j as a name, nor repeats it',
    async name => {
      const refused = await set({ name }, secret, commandWith(null)).catch(error => error)
      expect(refused).toMatchObject({ code: 'invalid_input', asked: [] })
      expect(refused.message).toMatch(/^an item is named with/)
    },
  )

  test.each([
    ['empty', '', 'is empty'],
    ['too short', 'abcdefg', 'is shorter than 8 characters'],
    ['of two lines', `${secret}\nx`, 'contains a line break (U+000A)'],
    ['with a cursor key in it', `${secret}\x1b[D`, 'contains a control character (U+001B)'],
    ['with a NUL', `${secret}\0`, 'contains a control character (U+0000)'],
    ['too large', 'x'.repeat(65_537), 'is larger than 65536 bytes'],
  ])('refuses a value that is %s, and keeps the old one', async (_, entered, reason) => {
    await seal('github', secret, placesWith({}))
    const refused = await set({ name: 'github' }, entered, commandWith(null)).catch(error => error)
    expect(refused).toMatchObject({ code: 'invalid_input' })
    expect(refused.message).toContain(reason)
    expect(await unseal('github', placesWith({}))).toBe(secret)
  })

  test('does not say it is stored when it cannot be', async () => {
    await seal('github', 'the old value', placesWith({}))
    await chmod(join(folder, 'state/sealed'), 0o755)
    await expect(set({ name: 'github' }, secret, commandWith(null))).rejects.toMatchObject({
      code: 'credential_unavailable',
    })
    expect(written).toBe('')
  })

  test('refuses to keep the identity of sealed items in two places', async () => {
    await seal('github', 'the old value', placesWith({}))
    const attempt = set({ name: 'shop', identity: 'keychain' }, secret, commandWith(null))
    await expect(attempt).rejects.toMatchObject({ code: 'invalid_input' })
    expect(await readdir(join(folder, 'state/sealed'))).toEqual(['github.age'])
  })

  test.runIf(process.platform === 'linux')('in a keychain that is not there fails, and leaves nothing', async () => {
    const attempt = set({ name: 'github', keychain: true }, secret, commandWith(null))
    await expect(attempt).rejects.toMatchObject({ code: 'credential_unavailable' })
    expect(await readdir(folder)).toEqual([])
  })
})

describe('credential set, of several values', () => {
  const { pem } = rsaKey()
  const partner = { type: 'mtls', certificate: { sealed: 'partner-cert' }, private_key: { sealed: 'partner-key' } }
  const stripe = { type: 'basic', username: { sealed: 'stripe' }, password: { sealed: 'stripe-password' } }
  const bot = { type: 'github_app', app_id: '1', installation_id: '2', private_key: { sealed: 'bot-key' } }

  test('asks for nothing, and lists the items, when it is told the credential only', async () => {
    const refused = await set({ name: 'partner' }, pem, commandWith({ partner })).catch(error => error)
    expect(refused).toMatchObject({
      code: 'invalid_input',
      asked: [],
      message:
        'partner has several items, each with a name of its own: partner-cert (its certificate), partner-key (its private_key)',
    })
  })

  test.each([
    ['partner-key', { partner }, 'partner-key'],
    ['bot', { bot }, 'bot-key'],
    ['bot-key', { bot }, 'bot-key'],
  ] as const)('keeps the line breaks of a key: %s', async (name, configured, item) => {
    await set({ name }, pem, commandWith(configured))
    expect(written).toContain(`sealed ${item}, fingerprint ${fingerprintOf(fingerprintKey, pem)}`)
    expect(written).not.toContain(pem.slice(100, 130))
    expect(await unseal(item, placesWith({}))).toBe(pem)
  })

  test('stores the item that bears the name of its credential', async () => {
    await set({ name: 'stripe' }, secret, commandWith({ stripe }))
    expect(await readdir(join(folder, 'state/sealed'))).toEqual(['stripe.age'])
  })

  test('stores the one value that is kept here, where others are not', async () => {
    const half = { ...partner, certificate: { file: '~/cert.pem' } }
    await set({ name: 'partner' }, pem, commandWith({ partner: half }))
    expect(await unseal('partner-key', placesWith({}))).toBe(pem)
  })

  test('suggests what a key can be for', async () => {
    await set({ name: 'bot' }, pem, commandWith(null))
    expect(written).toContain(
      'bot: { type: github_app, app_id: "ID", installation_id: "ID", private_key: { sealed: bot } }',
    )
  })

  test.each([
    ['a token as a key', 'bot-key', secret, 'is not a private key in PEM form'],
    ['a key as a certificate', 'partner-cert', pem, 'is not a certificate in PEM form'],
    ['a key as a user name', 'stripe', pem, 'contains'],
    ['a short password', 'stripe-password', 'abcdefg', 'is shorter than 8 characters'],
    ['a key that is damaged', 'new', pem.replace(/\n.{9}/, '\n'), 'is not a private key that can be read'],
  ])('refuses %s', async (_, name, entered, reason) => {
    const refused = await set({ name }, entered, commandWith({ partner, stripe, bot })).catch(error => error)
    expect(refused).toMatchObject({ code: 'invalid_input', message: expect.stringContaining(reason) })
    expect(existsSync(join(folder, 'state'))).toBe(false)
  })

  test('list shows every source, asks nobody for a token, and shows stray keys', async () => {
    for (const item of ['bot-key', 'stray']) await seal(item, pem, placesWith({}))
    await listCredentials(commandWith({ bot, partner }, { issues: 'bot' }))
    const mark = fingerprintOf(fingerprintKey, pem)
    expect(written.split('\n').map(line => line.split(/ {2,}/))).toEqual([
      header,
      ['bot', 'github_app', 'sealed bot-key', 'issues', age, '-', mark],
      [
        'partner',
        'mtls',
        'sealed partner-cert, sealed partner-key',
        'no tool',
        '-',
        '-',
        expect.stringMatching(
          /^cannot be read: .*partner-cert\.age does not exist; keyhold credential set partner-cert makes it$/,
        ),
      ],
      ['stray', '-', 'sealed stray', 'not in the configuration', age, '-', mark],
      [''],
    ])
  })
})

const changed = expect.stringMatching(/^\d{4}-\d\d-\d\dT/)

describe('credential list', () => {
  const tokens = {
    ci: { env: 'CI_TOKEN' },
    github: { sealed: 'gh' },
    shop: { file: '~/shop.key' },
    short: { env: 'SHORT' },
  }
  const tools = { issues: 'github', wiki: 'github', status: null, shop: 'shop' }
  const environment = { CI_TOKEN: secret, SHORT: 'abc' }

  beforeEach(async () => {
    await seal('gh', secret, placesWith({}))
    await seal('forgotten', 'the value of long ago', placesWith({}))
    await writeFile(join(folder, 'shop.key'), secret, { mode: 0o644 })
  })

  test('shows where each value comes from, its fingerprint or why it cannot be read, and who uses it', async () => {
    await listCredentials(commandWith(tokens, tools, { environment }))
    const path = join(folder, 'shop.key')
    const old = fingerprintOf(fingerprintKey, 'the value of long ago')
    expect(written.split('\n').map(line => line.split(/ {2,}/))).toEqual([
      header,
      ['ci', 'bearer', 'env CI_TOKEN', 'no tool', '-', '-', fingerprint],
      ['github', 'bearer', 'sealed gh', 'issues, wiki', age, '-', fingerprint],
      [
        'shop',
        'bearer',
        'file ~/shop.key',
        'shop',
        age,
        '-',
        `cannot be read: ${path} is open to other users; run: chmod 600 ${path}`,
      ],
      [
        'short',
        'bearer',
        'env SHORT',
        'no tool',
        '-',
        '-',
        expect.stringContaining('cannot be read: the value of short is shorter than 8'),
      ],
      ['forgotten', '-', 'sealed forgotten', 'not in the configuration', age, '-', old],
      [''],
    ])
  })

  test('says the same in JSON', async () => {
    await listCredentials(commandWith({ github: { sealed: 'gh' }, gone: { sealed: 'gone' } }, tools, { json: true }))
    expect(JSON.parse(written).credentials).toEqual([
      {
        name: 'github',
        type: 'bearer',
        source: 'sealed gh',
        tools: ['issues', 'wiki'],
        changed,
        last_use: null,
        fingerprint,
        problem: null,
      },
      {
        name: 'gone',
        type: 'bearer',
        source: 'sealed gone',
        tools: [],
        changed: null,
        last_use: null,
        fingerprint: null,
        problem: `${join(folder, 'state/sealed/gone.age')} does not exist; keyhold credential set gone makes it`,
      },
      expect.objectContaining({ name: 'forgotten', type: null }),
    ])
  })

  test('says what to do when there is nothing', async () => {
    await rm(join(folder, 'state'), { recursive: true })
    await listCredentials(commandWith(null))
    expect(written).toBe('There are no credentials yet; keyhold credential set NAME makes one.\n')
  })
})

describe('credential remove', () => {
  beforeEach(() => seal('gh', secret, placesWith({})))

  test('removes the value, and names what in the configuration counts on it', async () => {
    const tokens = { github: { sealed: 'gh' }, wiki: { sealed: 'gh' }, other: { sealed: 'other' } }
    await removeCredential({ name: 'github', keychain: false }, commandWith(tokens, { issues: 'github' }))
    expect(await readdir(join(folder, 'state/sealed'))).toEqual([])
    expect(written.split('\n')).toEqual([
      'sealed gh is removed',
      'The configuration still names it as credential github, for the tools issues; it cannot be read now.',
      'The configuration still names it as credential wiki; it cannot be read now.',
      '',
    ])
  })

  test('answers in JSON', async () => {
    await removeCredential({ name: 'gh', keychain: false }, commandWith(null, {}, { json: true }))
    expect(JSON.parse(written)).toEqual({ removed: 'sealed gh', used_by: [] })
  })

  test('fails when there is nothing to remove', async () => {
    const attempt = removeCredential({ name: 'github', keychain: false }, commandWith(null))
    await expect(attempt).rejects.toMatchObject({
      code: 'credential_unavailable',
      message: 'there is no sealed github; nothing was removed',
    })
    expect(written).toBe('')
  })

  test("leaves the admin's own files and variables alone", async () => {
    await writeFile(join(folder, 'key'), secret, { mode: 0o600 })
    const command = commandWith({ shop: { file: '~/key' } })
    await expect(removeCredential({ name: 'shop', keychain: false }, command)).rejects.toMatchObject({
      code: 'invalid_input',
    })
    expect(await readFile(join(folder, 'key'), 'utf8')).toBe(secret)
  })
})
