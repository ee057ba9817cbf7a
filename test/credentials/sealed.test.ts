import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, readdir, readFile, rename, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Decrypter, generateX25519Identity, identityToRecipient } from 'age-encryption'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Places } from '../../src/credentials/places.ts'
import { listSealed, removeSealed, seal, unseal } from '../../src/credentials/sealed.ts'

const secret = 'tok_0123456789abcdef'
let parent = ''
let places: Places = { stateDir: '', home: '', environment: {}, platform: process.platform }
const inState = (name: string) => join(places.stateDir, name)
const modeOf = async (name: string) => ((await stat(inState(name))).mode & 0o777).toString(8)

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'sealed-'))
  places = { ...places, stateDir: join(parent, 'state', 'keyhold'), home: parent }
})
afterEach(() => rm(parent, { recursive: true }))

async function refusalOf(attempt: Promise<unknown>): Promise<string> {
  const refused = await attempt.then(
    () => expect.fail('it was not refused'),
    (error: Error & { code: string }) => error,
  )
  expect(refused).toMatchObject({ name: 'Refusal', code: 'credential_unavailable' })
  expect(refused.message).not.toContain(secret)
  return refused.message
}

async function identityKey(): Promise<string> {
  return /^AGE-SECRET-KEY-.*$/m.exec(await readFile(inState('identity.txt'), 'utf8'))?.[0] ?? expect.fail('no key')
}

describe('a sealed item', () => {
  test.each([secret, 'x', 'ünï\n\0cödé\ufeff', '\ufeffx', 'x'.repeat(65_536)])(
    'gives back what was sealed (%#)',
    async value => {
      await seal('github', value, places)
      expect(await unseal('github', places)).toBe(value)
    },
  )

  test('is a file of ours alone, in a folder of ours alone, with the identity in another', async () => {
    await seal('github', secret, places)
    expect(await readdir(places.stateDir)).toEqual(['identity.txt', 'sealed'])
    expect(await readdir(inState('sealed'))).toEqual(['github.age'])
    expect([await modeOf('.'), await modeOf('sealed')]).toEqual(['700', '700'])
    expect([await modeOf('sealed/github.age'), await modeOf('identity.txt')]).toEqual(['600', '600'])
    expect(await readFile(inState('sealed/github.age'), 'latin1')).not.toContain(secret)
  })

  test('is an ordinary age file, and the identity an ordinary X25519 one', async () => {
    await seal('github', secret, places)
    const identity = await identityKey()
    expect(identity).toMatch(/^AGE-SECRET-KEY-1[A-Z0-9]{58}$/)
    expect(await readFile(inState('identity.txt'), 'utf8')).toContain(
      `# public key: ${await identityToRecipient(identity)}\n`,
    )
    const decrypter = new Decrypter()
    decrypter.addIdentity(identity)
    expect(await decrypter.decrypt(await readFile(inState('sealed/github.age')), 'text')).toBe(secret)
  })

  test('is replaced by sealing again, with the same identity and nothing left behind', async () => {
    await seal('github', 'the old value', places)
    const identity = await identityKey()
    await seal('github', secret, places)
    expect(await unseal('github', places)).toBe(secret)
    expect(await identityKey()).toBe(identity)
    expect(await readdir(inState('sealed'))).toEqual(['github.age'])
  })

  test('can be opened whoever was first, when several are sealed at once in a new folder', async () => {
    const items = ['a', 'b', 'c', 'd', 'e', 'f']
    await Promise.all(items.map(item => seal(item, `value of ${item}`, places)))
    for (const item of items) expect(await unseal(item, places)).toBe(`value of ${item}`)
    expect(await readdir(places.stateDir)).toEqual(['identity.txt', 'sealed'])
  })

  test('is listed in order, and gone once removed, with what interrupted writes left of it', async () => {
    expect(await listSealed(places)).toEqual([])
    await seal('shop', secret, places)
    await seal('github', secret, places)
    await seal('github.age', secret, places)
    await writeFile(inState('sealed/.github.age.0123456789abcdef.tmp'), 'left by a crash')
    await writeFile(inState('sealed/.github.age.age.0123456789abcdef.tmp'), 'of the other item')
    await writeFile(inState('sealed/notes.txt'), 'not ours')
    expect(await listSealed(places)).toEqual(['github', 'github.age', 'shop'])
    expect(await removeSealed('github', places)).toBe(true)
    expect(await removeSealed('github', places)).toBe(false)
    expect((await readdir(inState('sealed'))).sort()).toEqual([
      '.github.age.age.0123456789abcdef.tmp',
      'github.age.age',
      'notes.txt',
      'shop.age',
    ])
    expect(await refusalOf(unseal('github', places))).toContain('github.age does not exist')
  })

  test.each(['../identity', 'a/b', '.hidden', '', 'x\0', 'a b'])('cannot be called %j', async item => {
    await expect(seal(item, secret, places)).rejects.toThrow('not the name of an item')
    await expect(unseal(item, places)).rejects.toThrow('not the name of an item')
    await expect(removeSealed(item, places)).rejects.toThrow('not the name of an item')
  })
})

describe('a sealed item is refused', () => {
  const item = 'sealed/github.age'
  beforeEach(() => seal('github', secret, places))

  test('with another identity, without a word of either', async () => {
    await writeFile(inState('identity.txt'), `${await generateX25519Identity()}\n`)
    expect(await refusalOf(unseal('github', places))).toBe(`${inState(item)} was sealed with another identity`)
  })

  test('when any part of it is cut off', async () => {
    const { size } = await stat(inState(item))
    for (let length = size - 1; length >= 0; length -= 7) {
      await truncate(inState(item), length)
      expect(await refusalOf(unseal('github', places))).toContain('is damaged')
    }
  })

  test('when a bit of it is changed', async () => {
    const whole = await readFile(inState(item))
    for (let index = 0; index < whole.length; index += 11) {
      const changed = Buffer.from(whole)
      changed[index] = (changed[index] ?? 0) ^ 1
      await writeFile(inState(item), changed)
      expect(await refusalOf(unseal('github', places))).toMatch(/is damaged|another identity/)
    }
  })

  test.each([
    ['the item can be read by others', item, 0o644],
    ['the identity can be read by others', 'identity.txt', 0o640],
  ])('when %s', async (_, name, mode) => {
    await chmod(inState(name), mode)
    expect(await refusalOf(unseal('github', places))).toContain(`run: chmod 600 ${inState(name)}`)
  })

  test.each([item, 'identity.txt'])('when %s is a symbolic link', async name => {
    await rename(inState(name), inState('elsewhere'))
    await symlink(inState('elsewhere'), inState(name))
    expect(await refusalOf(unseal('github', places))).toContain('is a symbolic link')
  })

  test('when its file is far too large', async () => {
    await truncate(inState(item), 8 * 1024 ** 3)
    expect(await refusalOf(unseal('github', places))).toContain('is larger than')
  })

  test.each([
    ['missing', null, 'does not exist'],
    ['empty', '', 'does not hold exactly one age identity'],
    ['two identities', 'AGE-SECRET-KEY-1AA\nAGE-SECRET-KEY-1BB\n', 'does not hold exactly one age identity'],
    ['something else', secret, 'does not hold exactly one age identity'],
    ['damaged', 'AGE-SECRET-KEY-1QQPB0UNTY\n', 'the identity of the sealed items is damaged'],
  ])('when the identity is %s', async (_, content, reason) => {
    if (content === null) await rm(inState('identity.txt'))
    else await writeFile(inState('identity.txt'), content)
    const detail = await refusalOf(unseal('github', places))
    expect(detail).toContain(reason)
    expect(detail).not.toContain('QQPB0')
  })
})

describe('sealing is refused', () => {
  test('into a folder that others can enter or change', async () => {
    await seal('github', 'the old value', places)
    await chmod(inState('sealed'), 0o750)
    expect(await refusalOf(seal('github', secret, places))).toContain(`run: chmod 700 ${inState('sealed')}`)
    await chmod(inState('sealed'), 0o700)
    await chmod(places.stateDir, 0o770)
    expect(await refusalOf(seal('github', secret, places))).toContain(`run: chmod 700 ${places.stateDir}`)
    expect(await unseal('github', places)).toBe('the old value')
  })

  test('when the identity of other items is lost, rather than hiding that with a new one', async () => {
    await seal('github', secret, places)
    await rm(inState('identity.txt'))
    expect(await refusalOf(seal('shop', secret, places))).toContain('identity.txt is missing')
    expect(await readdir(places.stateDir)).toEqual(['sealed'])
  })

  test('where a file is in the way', async () => {
    await writeFile(join(parent, 'state'), '')
    expect(await refusalOf(seal('github', secret, places))).toContain('cannot be changed')
  })
})

test('an item is always the old value or the new, whenever the writer is killed', async () => {
  const padding = 60_000
  let sealed = 0
  for (let round = 0; round < 12; round++) {
    const script = join(import.meta.dirname, '../support/seal-forever.ts')
    const child = spawn(process.execPath, [script, places.stateDir, 'github', String(padding)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const exited = once(child, 'exit')
    createInterface(child.stdout).on('line', line => {
      sealed = Number(line)
    })
    await once(child.stdout, 'data')
    setTimeout(() => child.kill('SIGKILL'), Math.random() * 40)
    await exited
    if (!child.stdout.closed) await once(child.stdout, 'close')
    const [number, rest] = (await unseal('github', places)).split(':')
    expect(rest).toBe('x'.repeat(padding))
    expect([sealed, sealed + 1]).toContain(Number(number))
  }
  await removeSealed('github', places)
  expect(await readdir(inState('sealed'))).toEqual([])
})
