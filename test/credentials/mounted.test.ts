import { chmod, chown, mkdir, mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { readSource } from '../../src/credentials/read-source.ts'
import type { Source } from '../../src/credentials/source.ts'

const secret = 'tok_0123456789abcdef'
let folder = ''

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mounted-'))
})
afterEach(() => rm(folder, { recursive: true }))

const readWith = (source: Source, environment: Readonly<Record<string, string>>) =>
  readSource(source, { stateDir: folder, home: folder, environment, platform: process.platform })

const systemd = (name: string) => readWith({ systemd: name }, { CREDENTIALS_DIRECTORY: folder })
const kubernetes = (name: string) => readWith({ kubernetes: join(folder, name) }, {})

async function put(name: string, content: string, mode: number): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, content)
  await chmod(path, mode)
  return path
}

async function refusalOf(reading: Promise<string>): Promise<string> {
  const refused = await reading.then(
    () => expect.fail('it was read'),
    (error: Error & { code: string }) => error,
  )
  expect(refused.code).toBe('credential_unavailable')
  expect(refused.message).not.toContain(secret)
  return refused.message
}

describe('a credential that systemd gives to the unit', () => {
  test.each([0o400, 0o440, 0o600, 0o640])('is read with mode %o, less one line break', async mode => {
    await put('shop', `${secret}\n`, mode)
    expect(await systemd('shop')).toBe(secret)
  })

  test.each([0o444, 0o404, 0o460, 0o420, 0o402, 0o410])('is refused with mode %o', async mode => {
    const path = await put('shop', secret, mode)
    expect(await refusalOf(systemd('shop'))).toBe(
      `${path} is open to more users than its group, or may be changed by it; run: chmod 440 ${path}`,
    )
  })

  test('is refused behind a symbolic link', async () => {
    await symlink(await put('real', secret, 0o400), join(folder, 'shop'))
    expect(await refusalOf(systemd('shop'))).toContain('is a symbolic link, which is not followed here')
  })

  test('is refused when it is not there, empty or a folder', async () => {
    await put('empty', '\n', 0o400)
    await mkdir(join(folder, 'folder'))
    expect(await refusalOf(systemd('other'))).toBe(`${folder}/other does not exist`)
    expect(await refusalOf(systemd('empty'))).toBe(`${folder}/empty is empty`)
    expect(await refusalOf(systemd('folder'))).toContain('is not a regular file')
  })

  test.each([{}, { CREDENTIALS_DIRECTORY: '' }, { CREDENTIALS_DIRECTORY: 'credentials' }])(
    'is refused where systemd gives none: %j',
    async environment => {
      expect(await refusalOf(readWith({ systemd: 'shop' }, environment as Record<string, string>))).toBe(
        '$CREDENTIALS_DIRECTORY is not set; the unit needs a line such as LoadCredential=shop:PATH',
      )
    },
  )
})

describe('a file of a secret that Kubernetes has mounted', () => {
  /** As the kubelet does it: the files link into `..data`, which links to a folder with the time in its name. */
  async function mount(time: string, content: string, mode: number): Promise<void> {
    await mkdir(join(folder, `..${time}`))
    await put(`..${time}/token`, content, mode)
    await rm(join(folder, '..data'), { force: true })
    await symlink(`..${time}`, join(folder, '..data'))
    await symlink('..data/token', join(folder, 'token')).catch(() => {})
  }

  test.each([0o644, 0o444, 0o640, 0o440, 0o400, 0o600])('is read with mode %o, through its links', async mode => {
    await mount('2026_01_01_00_00_00.1', secret, mode)
    expect(await kubernetes('token')).toBe(secret)
  })

  test('is the new one once it was exchanged', async () => {
    await mount('2026_01_01_00_00_00.1', secret, 0o644)
    await mount('2026_01_02_00_00_00.2', 'the next token, 01234', 0o644)
    expect(await kubernetes('token')).toBe('the next token, 01234')
  })

  test.each([0o666, 0o664, 0o646, 0o777])('is refused with mode %o, by which others may change it', async mode => {
    await mount('2026_01_01_00_00_00.1', secret, mode)
    expect(await refusalOf(kubernetes('token'))).toBe(
      `${folder}/token may be changed by other users; run: chmod 644 ${folder}/token`,
    )
  })

  test.skipIf(process.geteuid?.() !== 0)('is refused when it belongs to someone else (needs root to try)', async () => {
    await chown(await put('token', secret, 0o644), 12_345, 12_345)
    expect(await refusalOf(kubernetes('token'))).toContain('belongs to another user (uid 12345)')
  })

  test('is refused when it is not there, not text or too large', async () => {
    await truncate(await put('large', secret, 0o644), 10_000_000)
    await put('nul', `${secret}\0`, 0o644)
    expect(await refusalOf(kubernetes('other'))).toBe(`${folder}/other does not exist`)
    expect(await refusalOf(kubernetes('large'))).toContain('is larger than 65536 bytes')
    expect(await refusalOf(kubernetes('nul'))).toContain('contains a NUL character')
  })
})
