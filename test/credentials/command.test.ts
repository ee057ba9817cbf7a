import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { fetchSource } from '../../src/credentials/read-source.ts'
import { Source } from '../../src/credentials/source.ts'
import { fetchingOf } from '../support/fetching.ts'

const secret = 'tok_0123456789abcdef'
let folder = ''

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'command-'))
})
afterEach(() => rm(folder, { recursive: true }))

const usual = () => ({ HOME: folder, PATH: process.env['PATH'] ?? '', OTHER: 'of someone else' })

async function run(command: readonly string[], rest: { environment?: readonly string[]; timeoutMs?: number } = {}) {
  const { environment = [], timeoutMs = 5_000 } = rest
  const source = Source.parse({ command, environment })
  return (await fetchSource(source, fetchingOf({ environment: usual(), home: folder, timeoutMs }))).value
}

const shell = (script: string, ...args: readonly string[]) => ['/bin/sh', '-c', script, ...args]

async function refusalOf(command: readonly string[], timeoutMs?: number): Promise<string> {
  const refused = await run(command, timeoutMs === undefined ? {} : { timeoutMs }).then(
    () => expect.fail('it gave a value'),
    (error: Error & { code: string }) => error,
  )
  expect(refused.code).toBe('credential_unavailable')
  expect(`${refused.message} ${String(refused.cause)}`).not.toContain(secret)
  return refused.message
}

async function program(name: string, text: string, mode = 0o700): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, text)
  await chmod(path, mode)
  return path
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    // One that has ended but that nobody has asked about yet is not running.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

describe('what a program prints is the value', () => {
  test.each([
    ['as it is', secret, secret],
    ['less one line break', `${secret}\n`, secret],
    ['less one Windows line break', `${secret}\r\n`, secret],
    ['with every other line break', `a\n${secret}\n\n`, `a\n${secret}\n`],
    ['up to 64 kB and a line break', `${'x'.repeat(65_536)}\n`, 'x'.repeat(65_536)],
  ])('%s', async (_, printed, value) => {
    await writeFile(join(folder, 'printed'), printed)
    expect(await run(['cat', join(folder, 'printed')])).toBe(value)
  })

  test('when the program is in PATH, has an absolute path, or is below the home folder', async () => {
    await program('print', `#!/bin/sh\nprintf %s ${secret}\n`)
    expect(await run(['printf', secret])).toBe(secret)
    expect(await run([join(folder, 'print')])).toBe(secret)
    expect(await run(['~/print'])).toBe(secret)
  })

  test('and each argument arrives as it is written: there is no shell', async () => {
    const hostile = '$HOME `id` "; echo x" * ~ \\ \' %s'
    expect(await run(['printf', '%s|', hostile, '-n', '--'])).toBe(`${hostile}|-n|--|`)
  })

  test('also when it has written to standard error, which is not shown', async () => {
    expect(await run(shell(`echo a warning >&2; echo ${secret}`))).toBe(secret)
  })

  test('and something that it has left in the background neither holds it up nor goes on', async () => {
    const began = performance.now()
    expect(await run(shell(`sleep 60 & echo $! >${folder}/pid; echo ${secret}`))).toBe(secret)
    expect(performance.now() - began).toBeLessThan(4_000)
    const pid = Number(readFileSync(join(folder, 'pid'), 'utf8'))
    await expect.poll(() => isRunning(pid)).toBe(false)
  })

  test('even when what it has left holds the pipe open in a session of its own', async () => {
    const began = performance.now()
    expect(await run(shell(`setsid sleep 3 & echo ${secret}`))).toBe(secret)
    expect(performance.now() - began).toBeLessThan(4_000)
  })
})

describe('a program gets', () => {
  test('HOME, PATH and the variables that are named, and nothing else', async () => {
    const names = async (environment: readonly string[]) =>
      (await run([process.execPath, '-p', 'Object.keys(process.env).sort().join()'], { environment })).trim()
    expect(await names([])).toBe('HOME,PATH')
    expect(await names(['OTHER', 'ABSENT'])).toBe('HOME,OTHER,PATH')
  })

  test('no standard input to wait for', async () => {
    expect(await run(shell(`cat; echo ${secret}`))).toBe(secret)
  })

  test('the root folder to run in, wherever Keyhold was started', async () => {
    expect(await run(['pwd'])).toBe('/')
  })

  test('none of the restrictions that Node puts on the worker that starts it', async () => {
    const reader = new URL('../support/read-source.ts', import.meta.url).pathname
    const code = `process.stdout.write(JSON.stringify([Object.keys(process.env), require('fs').readFileSync('${folder}/key','utf8')]))`
    await writeFile(join(folder, 'key'), secret)
    const source = { command: [process.execPath, '-e', code], environment: [] }
    const root = new URL('../..', import.meta.url).pathname
    const flags = ['--permission', '--allow-child-process', `--allow-fs-read=${root}*`]
    const order = JSON.stringify({ source, stateDir: folder, home: folder })
    const { stdout } = await promisify(execFile)(process.execPath, [...flags, reader, order], { env: usual() })
    const { value } = JSON.parse(stdout) as { value: string }
    expect(JSON.parse(value)).toEqual([['HOME', 'PATH'], secret])
  })
})

describe('a program is refused, in words without its arguments and without what it printed', () => {
  test.each([
    ['that prints nothing', shell('true', secret), 'what /bin/sh printed is empty'],
    ['that prints a line break', shell('echo', secret), 'what /bin/sh printed is empty'],
    ['that prints a NUL', shell(`printf '${secret}\\000'`), 'what /bin/sh printed contains a NUL character'],
    ['that prints no UTF-8', shell(`printf '${secret}\\377'`), 'what /bin/sh printed is not UTF-8 text'],
    ['that fails', shell(`echo ${secret}; exit 3`), '/bin/sh failed with exit code 3, without a word'],
    [
      'that fails and says why',
      shell(`echo ${secret} >&2; exit 1`),
      '/bin/sh failed with exit code 1; run it by hand to see what it writes to standard error',
    ],
    ['that is ended by a signal', shell('kill -TERM $$', secret), '/bin/sh was ended by SIGTERM, without a word'],
    ['that is not there', ['/nowhere/op', secret], '/nowhere/op does not exist, or not in PATH'],
    ['that is not in PATH', ['no-such-program-here', secret], 'no-such-program-here does not exist, or not in PATH'],
    ['that is a folder', ['/tmp', secret], '/tmp is not a program that this user may run'],
    ['that prints 1 GB', ['head', '-c', '1G', '/dev/zero'], 'head was ended: it prints more than the 65536 bytes'],
    [
      'that prints one byte too many',
      shell(`head -c 65537 /dev/zero | tr '\\0' x`),
      'gave no value: it prints more than',
    ],
    ['that prints some bytes too many', ['head', '-c', '65539', '/dev/zero'], 'it prints more than the 65536 bytes'],
  ])('%s', async (_, command, reason) => {
    const began = performance.now()
    expect(await refusalOf(command)).toContain(reason)
    expect(performance.now() - began).toBeLessThan(4_000)
  })

  test('that is not executable', async () => {
    const path = await program('key.txt', secret, 0o600)
    expect(await refusalOf([path])).toBe(`${path} is not a program that this user may run`)
  })

  test('that hangs, and is ended with everything that it has started', async () => {
    const began = performance.now()
    const hanging = shell(`sleep 60 & echo $! >${folder}/pid; trap '' TERM; wait`)
    expect(await refusalOf(hanging, 300)).toBe('/bin/sh was ended: it did not finish in time')
    expect(performance.now() - began).toBeLessThan(4_000)
    const pid = Number(readFileSync(join(folder, 'pid'), 'utf8'))
    await expect.poll(() => isRunning(pid)).toBe(false)
  })

  test('that hangs while it writes to standard error without end', async () => {
    expect(await refusalOf(shell('cat /dev/zero >&2'), 300)).toBe('/bin/sh was ended: it did not finish in time')
  })
})

test('a program that is still running when its worker ends is ended with it', async () => {
  const reader = new URL('../support/read-source.ts', import.meta.url).pathname
  const script = `echo $$ >${folder}/pid; sleep 60`
  const order = JSON.stringify({ source: { command: shell(script), environment: [] }, stateDir: folder, home: folder })
  const ending = `setInterval(() => require('fs').existsSync('${folder}/pid') && process.exit(0), 20)`
  const early = join(folder, 'ending.cjs')
  await writeFile(early, ending)
  await promisify(execFile)(process.execPath, ['--require', early, reader, order], { env: usual() })
  expect(existsSync(join(folder, 'pid'))).toBe(true)
  const pid = Number(readFileSync(join(folder, 'pid'), 'utf8'))
  await expect.poll(() => isRunning(pid)).toBe(false)
})
