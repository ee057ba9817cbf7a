import { execFile } from 'node:child_process'
import { realpathSync } from 'node:fs'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { seal } from '../../src/credentials/sealed.ts'
import { type SourceNeeds, sourceNeeds } from '../../src/credentials/needs.ts'
import type { Source } from '../../src/credentials/source.ts'
import { Stores } from '../../src/credentials/stores.ts'
import { createAuthority } from '../support/certificates.ts'
import { type Keyring, keyringMissing, startKeyring } from '../support/keyring.ts'

/*
 * Each source is read in a process under Node's permission model that is given the code and what
 * `sourceNeeds` says, and nothing else.
 */
const secret = 'tok_0123456789abcdef'
const root = join(import.meta.dirname, '../..')
const script = join(root, 'test/support/read-source.ts')
const code = [
  script,
  join(root, 'test/support/fetching.ts'),
  join(root, 'src'),
  realpathSync(join(root, 'node_modules')),
  join(root, 'package.json'),
]
const missing = await keyringMissing()

let stateDir = ''
const placesWith = (environment: Readonly<Record<string, string>>) => ({
  stateDir,
  home: stateDir,
  environment,
  platform: process.platform,
})

beforeEach(async () => {
  stateDir = await mkdtemp(join(tmpdir(), 'permission-'))
})
afterEach(() => rm(stateDir, { recursive: true }))

interface Reading {
  readonly source: Source
  readonly environment: Readonly<Record<string, string>>
  readonly stores: object
}

async function readWith(needs: SourceNeeds, { source, environment, stores }: Reading) {
  const flags = [...code, ...needs.files].map(path => `--allow-fs-read=${path}`)
  if (needs.addons) flags.push('--allow-addons')
  if (needs.children) flags.push('--allow-child-process')
  const passed = Object.entries(environment).filter(([name]) => needs.environment.includes(name))
  const args = ['--permission', ...flags, script, JSON.stringify({ source, stores, stateDir, home: stateDir })]
  const { stdout } = await promisify(execFile)(process.execPath, args, { env: Object.fromEntries(passed), cwd: root })
  return JSON.parse(stdout)
}

/** Reads with what the source needs, and shows that nothing of it could be left out. */
async function proveNeeds(source: Source, environment: Reading['environment'], stores: object = {}): Promise<void> {
  const needs = sourceNeeds(source, placesWith(environment), Stores.parse(stores))
  expect(await readWith(needs, { source, environment, stores })).toEqual({ value: secret })
  const less: SourceNeeds[] = [
    ...needs.files.map(left => ({ ...needs, files: needs.files.filter(file => file !== left) })),
    ...(needs.environment.length > 0 ? [{ ...needs, environment: [] }] : []),
    ...(needs.addons ? [{ ...needs, addons: false }] : []),
    ...(needs.children ? [{ ...needs, children: false }] : []),
  ]
  for (const tooLittle of less) {
    expect(await readWith(tooLittle, { source, environment, stores })).toMatchObject({ code: 'credential_unavailable' })
  }
}

describe('a worker can read its source with what it is given, and not with less', () => {
  test('a variable', () => proveNeeds({ env: 'TOKEN' }, { TOKEN: secret, OTHER: 'of someone else' }))

  test('a file', async () => {
    await writeFile(join(stateDir, 'key, with a comma'), secret, { mode: 0o600 })
    await proveNeeds({ file: '~/key, with a comma' }, {})
  })

  test('a file behind a link', async () => {
    await writeFile(join(stateDir, 'key'), secret, { mode: 0o600 })
    await symlink(join(stateDir, 'key'), join(stateDir, 'link'))
    await proveNeeds({ file: '~/link' }, {})
  })

  test('a sealed item', async () => {
    await seal('github', secret, placesWith({}))
    await proveNeeds({ sealed: 'github' }, {})
  })

  test('what a program prints', async () => {
    const command: [string, ...string[]] = ['sh', '-c', 'printf %s "$TOKEN"']
    await proveNeeds({ command, environment: ['TOKEN'] }, { PATH: process.env['PATH'] ?? '', TOKEN: secret })
  })

  test('a credential of systemd', async () => {
    await writeFile(join(stateDir, 'shop'), secret, { mode: 0o400 })
    await proveNeeds({ systemd: 'shop' }, { CREDENTIALS_DIRECTORY: stateDir })
  })

  test('a file that Kubernetes has mounted, behind its links', async () => {
    await mkdir(join(stateDir, '..2026'))
    await writeFile(join(stateDir, '..2026/token'), secret)
    await symlink('..2026', join(stateDir, '..data'))
    await symlink('..data/token', join(stateDir, 'token'))
    await proveNeeds({ kubernetes: join(stateDir, 'token') }, {})
  })

  test('a secret in Vault: what logs in there, and the authority that vouches for it', async () => {
    const authority = createAuthority()
    const { certificate: cert, privateKey: key } = authority.issue('vault', { alt: 'IP:127.0.0.1', for: 'server' })
    const found = { type: 'kv', path: 'secret/', options: { version: '1' }, token: secret }
    const server = createServer({ cert, key }, (_request, response) => response.end(JSON.stringify({ data: found })))
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    try {
      await writeFile(join(stateDir, 'vault.token'), 'hvs.0123456789abcdef', { mode: 0o600 })
      const address = `https://127.0.0.1:${(server.address() as AddressInfo).port}`
      const login = { token: { file: '~/vault.token' } }
      const stores = { vault: { address, login, ca: authority.ca.certificateFile } }
      await proveNeeds({ vault: 'secret/shop#token' }, {}, stores)
    } finally {
      server.close()
      authority.remove()
    }
  })

  describe.skipIf(missing !== null)(`in a keyring${missing === null ? '' : ` (not tried: ${missing})`}`, () => {
    let keyring: Keyring
    const inKeyring = (...args: string[]) =>
      promisify(execFile)(process.execPath, [join(root, 'test/support/use-keychain.ts'), ...args], {
        env: keyring.environment,
      })
    beforeEach(async () => {
      keyring = await startKeyring()
    })
    afterEach(() => keyring.stop())

    test('a keychain item', async () => {
      await inKeyring('write', 'github', secret)
      await proveNeeds({ keychain: 'github' }, keyring.environment)
    })

    test('a sealed item whose identity is in the keychain', async () => {
      await inKeyring('seal', 'github', secret, stateDir)
      await proveNeeds({ sealed: 'github' }, keyring.environment)
    })
  })
})

test('a worker that may read one sealed item cannot read another', async () => {
  await seal('github', secret, placesWith({}))
  await seal('shop', 'of another tool', placesWith({}))
  const needs = sourceNeeds({ sealed: 'github' }, placesWith({}), {})
  expect(await readWith(needs, { source: { sealed: 'shop' }, environment: {}, stores: {} })).toEqual({
    code: 'credential_unavailable',
    detail: `${join(stateDir, 'sealed/shop.age')} cannot be opened (ERR_ACCESS_DENIED)`,
  })
})
