import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Keyring, keyringMissing, startKeyring } from '../support/keyring.ts'

const secret = 'tok_0123456789äöü'
const script = join(import.meta.dirname, '../support/use-keychain.ts')
const missing = await keyringMissing()
const describeOnKeyring = missing === null ? describe : describe.skip

interface Outcome {
  readonly value?: unknown
  readonly code?: string
  readonly detail?: string
}

/** Does one thing with the keychain in a process of its own. */
async function use(environment: Readonly<Record<string, string>>, ...args: string[]): Promise<Outcome> {
  const { stdout } = await promisify(execFile)(process.execPath, [script, ...args], {
    env: environment,
    timeout: 40_000,
  })
  return JSON.parse(stdout)
}

describeOnKeyring(`a keychain item${missing === null ? '' : ` (not tried: ${missing})`}`, () => {
  let keyring: Keyring
  beforeEach(async () => {
    keyring = await startKeyring()
  })
  afterEach(() => keyring.stop())

  test('written by one process is read by the next, and gone for the one after it was removed', async () => {
    expect(await use(keyring.environment, 'write', 'github', secret)).toEqual({ value: null })
    expect(await use(keyring.environment, 'read', 'github')).toEqual({ value: secret })
    expect(await use(keyring.environment, 'write', 'github', 'a newer value')).toEqual({ value: null })
    expect(await use(keyring.environment, 'read', 'github')).toEqual({ value: 'a newer value' })
    expect(await use(keyring.environment, 'remove', 'github')).toEqual({ value: true })
    expect(await use(keyring.environment, 'remove', 'github')).toEqual({ value: false })
    expect(await use(keyring.environment, 'read', 'github')).toEqual({
      code: 'credential_unavailable',
      detail: 'the keychain has no item github of keyhold',
    })
  })

  test('is in the Secret Service, where other programs find it, and nothing is left of the trial before it', async () => {
    await use(keyring.environment, 'write', 'github', secret)
    expect(await keyring.items()).toHaveLength(1)
  })

  test('is what `credential set --keychain` makes, and proves by reading it back', async () => {
    const shown = await use(keyring.environment, 'set', 'github', 'tok_0123456789abcdef')
    expect(shown.value).toContain('github is stored: keychain github, fingerprint ')
    expect(shown.value).toContain('  github: { type: bearer, token: { keychain: github } }\n')
    expect(await use(keyring.environment, 'read', 'github')).toEqual({ value: 'tok_0123456789abcdef' })
  })

  test('is refused when the keychain is locked and nobody is there to unlock it', async () => {
    await use(keyring.environment, 'write', 'github', secret)
    await keyring.lock()
    for (const args of [
      ['read', 'github'],
      ['write', 'github', secret],
      ['remove', 'github'],
    ]) {
      const outcome = await use(keyring.environment, ...args)
      expect(outcome).toMatchObject({ code: 'credential_unavailable' })
      expect(outcome.detail).toContain('the keychain is locked')
    }
  })

  test('is refused within seconds when the Secret Service has stopped answering', async () => {
    await use(keyring.environment, 'write', 'github', secret)
    await keyring.freeze()
    const outcome = await use(keyring.environment, 'read', 'github')
    expect(outcome).toMatchObject({ code: 'credential_unavailable' })
    expect(outcome.detail).toContain('the Secret Service does not answer')
  })

  test('can hold the identity of sealed items', async () => {
    const stateDir = await mkdtemp(join(tmpdir(), 'sealed-in-keychain-'))
    expect(await use(keyring.environment, 'seal', 'github', secret, stateDir)).toEqual({ value: null })
    expect((await readdir(stateDir)).sort()).toEqual(['identity.keychain', 'sealed'])
    expect(await use(keyring.environment, 'unseal', 'github', stateDir)).toEqual({ value: secret })
    await use(keyring.environment, 'remove', 'sealed-identity')
    expect(await use(keyring.environment, 'unseal', 'github', stateDir)).toMatchObject({
      code: 'credential_unavailable',
      detail: 'the keychain has no item sealed-identity of keyhold',
    })
    await rm(stateDir, { recursive: true })
  })
})

describe.runIf(process.platform === 'linux')('without a Secret Service, nothing goes to another keyring', () => {
  test('when there is no D-Bus session', async () => {
    for (const args of [
      ['read', 'github'],
      ['write', 'github', secret],
      ['remove', 'github'],
    ]) {
      const outcome = await use({}, ...args)
      expect(outcome).toMatchObject({ code: 'credential_unavailable' })
      expect(outcome.detail).toContain('DBUS_SESSION_BUS_ADDRESS is not set')
    }
  })

  test.each([{ DBUS_SESSION_BUS_ADDRESS: 'unix:path=/nowhere/bus' }, { XDG_RUNTIME_DIR: '/nowhere' }])(
    'when there is none at %j',
    async environment => {
      for (const args of [
        ['read', 'github'],
        ['write', 'github', secret],
      ]) {
        const outcome = await use(environment, ...args)
        expect(outcome).toMatchObject({ code: 'credential_unavailable' })
        expect(outcome.detail).toContain('the Secret Service does not answer')
      }
    },
  )

  test('when what listens there hangs up', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'bus-'))
    const server = createServer(socket => socket.destroy()).listen(join(folder, 'bus'))
    await once(server, 'listening')
    const outcome = await use({ DBUS_SESSION_BUS_ADDRESS: `unix:path=${folder}/bus` }, 'read', 'github')
    expect(outcome).toMatchObject({ code: 'credential_unavailable' })
    server.close()
    await rm(folder, { recursive: true })
  })
})
