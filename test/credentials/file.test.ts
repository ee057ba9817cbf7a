import { execFileSync } from 'node:child_process'
import { chmod, chown, mkdir, mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { readSource } from '../../src/credentials/read-source.ts'

const secret = 'tok_0123456789abcdef'
let folder = ''

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'file-'))
})
afterEach(() => rm(folder, { recursive: true }))

const read = (name: string) =>
  readSource({ file: `~/${name}` }, { stateDir: folder, home: folder, environment: {}, platform: process.platform })

async function put(name: string, content: string | Uint8Array, mode = 0o600): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, content)
  await chmod(path, mode)
  return path
}

async function refusalOf(name: string): Promise<string> {
  const refused = await read(name).then(
    () => expect.fail('it was read'),
    (error: Error & { code: string }) => error,
  )
  expect(refused.code).toBe('credential_unavailable')
  expect(refused.message).not.toContain(secret)
  return refused.message
}

describe('a file that nobody else may read gives its content', () => {
  test.each([
    ['as it is', secret, secret],
    ['less one line break at its end', `${secret}\n`, secret],
    ['less one Windows line break at its end', `${secret}\r\n`, secret],
    ['with every other line break', `a\n${secret}\n\n`, `a\n${secret}\n`],
    ['less a byte order mark', `\ufeff${secret}`, secret],
    ['up to 64 kB', 'x'.repeat(65_536), 'x'.repeat(65_536)],
  ])('%s', async (_, content, value) => {
    await put('key', content)
    expect(await read('key')).toBe(value)
  })

  test.each([0o400, 0o600, 0o700])('with mode %o', async mode => {
    await put('key', secret, mode)
    expect(await read('key')).toBe(secret)
  })

  test('through a symbolic link', async () => {
    await symlink(await put('key', secret), join(folder, 'link'))
    expect(await read('link')).toBe(secret)
  })
})

describe('a file is refused', () => {
  test.each([0o640, 0o604, 0o660, 0o644, 0o610, 0o602])('with mode %o, and the fix is named', async mode => {
    const path = await put('key', secret, mode)
    expect(await refusalOf('key')).toBe(`${path} is open to other users; run: chmod 600 ${path}`)
  })

  test('behind a symbolic link, by the mode of what is read and not of the link', async () => {
    await symlink(await put('key', secret, 0o644), join(folder, 'link'))
    expect(await refusalOf('link')).toContain('chmod 600')
  })

  test.skipIf(process.geteuid?.() !== 0)('when it belongs to someone else (needs root to try)', async () => {
    await chown(await put('key', secret), 12_345, 12_345)
    expect(await refusalOf('key')).toContain('belongs to another user (uid 12345)')
  })

  test.each([
    ['empty', '', 'is empty'],
    ['only a line break', '\n', 'is empty'],
    ['larger than 64 kB', 'x'.repeat(65_537), 'is larger than 65536 bytes'],
    ['with a NUL', `${secret}\0`, 'contains a NUL character'],
    ['not UTF-8', Buffer.from([0xff, 0xfe, 0x41]), 'is not UTF-8 text'],
  ])('%s', async (_, content, reason) => {
    await put('key', content)
    expect(await refusalOf('key')).toContain(reason)
  })

  test('at once when it is huge, without reading it', async () => {
    await truncate(await put('key', secret), 8 * 1024 ** 3)
    expect(await refusalOf('key')).toContain('is larger than 65536 bytes')
  })

  test('when it is missing, a folder, or a loop of links', async () => {
    await mkdir(join(folder, 'folder'), { mode: 0o700 })
    await symlink('loop', join(folder, 'loop'))
    await put('key', secret)
    expect(await refusalOf('missing')).toContain('does not exist')
    expect(await refusalOf('key/below')).toContain('does not exist')
    expect(await refusalOf('folder')).toContain('is not a regular file')
    expect(await refusalOf('loop')).toContain('is a loop of symbolic links')
  })

  test('without waiting, when it is a FIFO that nobody writes to', async () => {
    execFileSync('mkfifo', ['-m', '600', join(folder, 'fifo')])
    expect(await refusalOf('fifo')).toContain('is not a regular file')
  })

  test('when it is a device or a socket', async () => {
    await symlink('/dev/zero', join(folder, 'zero'))
    expect(await refusalOf('zero')).toContain('is not a regular file')
    const server = createServer().listen(join(folder, 'socket'))
    await new Promise(resolve => server.once('listening', resolve))
    expect(await refusalOf('socket')).toContain('cannot be opened')
    server.close()
  })
})
