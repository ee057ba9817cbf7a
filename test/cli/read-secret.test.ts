import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { constants, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Terminal, terminalMissing } from '../support/terminal.ts'

const secret = 'tok_0123456789abcdef'
const script = join(import.meta.dirname, '../support/ask-secret.ts')
const missing = terminalMissing()
let folder = ''

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'read-secret-'))
})
afterEach(() => rm(folder, { recursive: true }))

const outcomeFile = () => join(folder, 'outcome')
const outcome = async () => JSON.parse(await readFile(outcomeFile(), 'utf8'))

describe.skipIf(missing !== null)(
  `a secret typed at a terminal${missing === null ? '' : ` (not tried: ${missing})`}`,
  () => {
    const prompt = 'Value: \x1b[?2004h'
    const after = '\x1b[?2004l\r\n'

    async function asked(): Promise<Terminal> {
      const terminal = new Terminal([process.execPath, script, outcomeFile()])
      await terminal.showing(prompt)
      return terminal
    }

    /** Types what is given, piece by piece, and checks that nothing was shown of it. */
    async function typing(...pieces: string[]): Promise<unknown> {
      const terminal = await asked()
      for (const piece of pieces) {
        terminal.type(piece)
        await terminal.modes() // the terminal has taken the piece before the next one comes
      }
      expect(await terminal.exited).toBe(0)
      expect(terminal.shown).toBe(prompt + after)
      return outcome()
    }

    test.each([
      ['and sent with Enter', [`${secret}\r`], secret],
      ['key by key', [...secret, '\r'], secret],
      ['and ended with Ctrl-D', [secret, '\x04'], secret],
      ['with other letters than ASCII', ['ünï¢ödé🗝\r'], 'ünï¢ödé🗝'],
      ['and corrected with Backspace', [`${secret}é🗝xy`, '\x7f\x7f', '\b', '\x7f', '\r'], secret],
      ['after more Backspaces than there was to delete', ['ab\x7f\x7f\x7f\x7f', `${secret}\r`], secret],
      ['after Ctrl-U took back a false start', [`wrong\x15${secret}\r`], secret],
      ['or not at all', ['\r'], ''],
      ['as a paste', [`\x1b[200~${secret}\x1b[201~`, '\r'], secret],
      ['as a paste of a whole line', [`\x1b[200~${secret}\r\x1b[201~\r`], secret],
      ['as a paste whose marks come in pieces', ['\x1b', '[20', `0~${secret}\x1b[2`, '01', '~', '\r'], secret],
      ['as a paste between typed letters', ['a\x1b[200~b\x1b[201~c\r'], 'abc'],
      [
        'as a paste of several lines, which are all kept',
        ['\x1b[200~one\r\ntwo\nthree\r\n\x1b[201~\r'],
        'one\ntwo\nthree',
      ],
      ['with a cursor key, which is kept to be complained about', ['ab\x1b[Dc\r'], 'ab\x1b[Dc'],
      ['with an Escape before Enter', ['abc\x1b', '\r'], 'abc\x1b'],
    ])('%s is read, and never shown', async (_, pieces, value) => {
      expect(await typing(...pieces)).toEqual({ value })
    })

    test('of several lines without paste marks is refused', async () => {
      expect(await typing('first line\rsecond line\r')).toEqual({
        code: 'invalid_input',
        detail: 'the value has more than one line',
      })
    })

    test('that never ends is refused', async () => {
      const terminal = await asked()
      for (let sent = 0; sent <= 64 * 1024; sent += 1024) {
        terminal.type('x'.repeat(1024))
        await terminal.modes()
      }
      await terminal.exited
      expect(await outcome()).toEqual({ code: 'invalid_input', detail: 'the value is larger than 65536 bytes' })
      expect(terminal.shown).toBe(prompt + after)
    })

    test.each([
      ['nothing', ''],
      ['half of it', secret.slice(0, 10)],
      ['half a paste', `\x1b[200~${secret}`],
    ])('is given up with Ctrl-C after %s, and the terminal is as before', async (_, typed) => {
      const terminal = new Terminal([process.execPath, script, outcomeFile()])
      const before = await terminal.modes()
      await terminal.showing(prompt)
      expect(await terminal.modes()).not.toBe(before)
      terminal.type(typed)
      await terminal.modes()
      const atTheEnd = terminal.nextModes()
      terminal.type('\x03')
      expect(await atTheEnd).toBe(before)
      expect(await terminal.exited).toBe(0)
      expect(await outcome()).toEqual({ code: 'cancelled', detail: 'interrupted; nothing was changed' })
      expect(terminal.shown).toBe(prompt + after)
    })

    test.each(['SIGTERM', 'SIGHUP', 'SIGINT'] as const)(
      'leaves the terminal as before when %s ends the program',
      async name => {
        const terminal = new Terminal([process.execPath, script, outcomeFile()])
        const before = await terminal.modes()
        await terminal.showing(prompt)
        terminal.type(secret)
        await terminal.modes()
        const atTheEnd = terminal.nextModes()
        terminal.signal(constants.signals[name])
        expect(await atTheEnd).toBe(before)
        expect(await terminal.exited).toBe(-constants.signals[name])
        expect(terminal.shown).toBe(prompt + after)
        expect(existsSync(outcomeFile())).toBe(false)
      },
    )
  },
)

describe('a secret on standard input', () => {
  async function piping(bytes: string | Uint8Array): Promise<unknown> {
    const child = spawn(process.execPath, [script, outcomeFile()])
    child.stdin.on('error', () => {}) // it stops reading when it has seen too much
    child.stdin.end(bytes)
    let shown = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', chunk => (shown += chunk))
    expect(await once(child, 'close')).toEqual([0, null])
    expect(shown).toBe('')
    return outcome()
  }

  test.each([
    ['as it is', secret, secret],
    ['less one line break at the end', `${secret}\n`, secret],
    ['less one Windows line break at the end', `${secret}\r\n`, secret],
    ['with every other line break', `\n${secret}\n\n`, `\n${secret}\n`],
    ['with spaces', ` ${secret} `, ` ${secret} `],
    ['when there is nothing', '', ''],
    ['up to 64 kB', `${'x'.repeat(65_536)}\n`, 'x'.repeat(65_536)],
  ])('is read %s', async (_, piped, value) => {
    expect(await piping(piped)).toEqual({ value })
  })

  test('is refused when it is too large, without reading it all', async () => {
    const detail = 'the value is larger than 65536 bytes'
    expect(await piping(Buffer.alloc(50_000_000, 'x'))).toEqual({ code: 'invalid_input', detail })
  })

  test('is refused when it is not text', async () => {
    const detail = 'the value is not UTF-8 text'
    expect(await piping(Buffer.from([0x74, 0xff, 0xfe]))).toEqual({ code: 'invalid_input', detail })
  })
})
