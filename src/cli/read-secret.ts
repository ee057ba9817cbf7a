import type { Readable, Writable } from 'node:stream'
import type { ReadStream } from 'node:tty'
import { maxSecretBytes } from '../credentials/file.ts'
import { Refusal } from '../refusal.ts'

/** Where a secret is typed or piped in, and where the prompt goes (standard error, never standard output). */
export interface SecretInput {
  readonly input: Readable | ReadStream
  readonly output: Writable
}

/**
 * Reads a secret: from a terminal without showing it, else everything that standard input holds,
 * less one line break at the end.
 *
 * @throws Refusal cancelled on Ctrl-C, invalid_input for what cannot be one value
 */
export async function readSecret(prompt: string, { input, output }: SecretInput): Promise<string> {
  return isTerminal(input) ? readFromTerminal(prompt, input, output) : readToEnd(input)
}

function isTerminal(input: Readable | ReadStream): input is ReadStream {
  return 'isTTY' in input && input.isTTY
}

async function readToEnd(input: Readable): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of input as AsyncIterable<Buffer | string>) {
    const bytes = Buffer.from(chunk as string)
    length += bytes.length
    if (length > maxSecretBytes + 2) throw tooLong()
    chunks.push(bytes)
  }
  return decode(Buffer.concat(chunks)).replace(/\r?\n$/, '')
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new Refusal('invalid_input', 'the value is not UTF-8 text')
  }
}

function tooLong(): Refusal {
  return new Refusal('invalid_input', `the value is larger than ${maxSecretBytes} bytes`)
}

// Bracketed paste: the terminal marks what was pasted, so that a line break in it does not end the input
// and leave the rest of a secret to the shell.
const pasteOn = '\x1b[?2004h'
const pasteOff = '\x1b[?2004l'

function readFromTerminal(prompt: string, input: ReadStream, output: Writable): Promise<string> {
  return new Promise((resolve, reject) => {
    const line = new HiddenLine()
    const decoder = new TextDecoder('utf-8')

    const restore = () => {
      for (const signal of signals) process.off(signal, onSignal)
      process.off('exit', restore)
      input.off('data', onData).off('end', onEnd).off('error', onEnd)
      input.setRawMode(false)
      input.pause()
      output.write(`${pasteOff}\n`)
    }
    const onData = (chunk: Buffer) => {
      try {
        const value = line.type(decoder.decode(chunk, { stream: true }))
        if (value === null) return
        restore()
        resolve(value)
      } catch (error) {
        restore()
        reject(error)
      }
    }
    const onEnd = () => {
      restore()
      reject(new Refusal('cancelled', 'the terminal was closed'))
    }
    const onSignal = (signal: NodeJS.Signals) => {
      restore()
      process.kill(process.pid, signal) // our handler is off: this time it has its usual effect
    }

    input.setRawMode(true)
    for (const signal of signals) process.on(signal, onSignal)
    process.on('exit', restore)
    input.on('data', onData).on('end', onEnd).on('error', onEnd)
    output.write(`${prompt}${pasteOn}`)
    input.resume()
  })
}

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

const pasteStart = '\x1b[200~'
const pasteEnd = '\x1b[201~'

/** A line that is typed or pasted without being shown. Raw mode leaves the editing keys to us. */
class HiddenLine {
  #characters: string[] = []
  /** What may become one of the paste marks. */
  #mark = ''
  /** Where the paste under way began. */
  #pasteStart: number | null = null

  /** Takes what the terminal sent; returns the value once it is complete, else null. */
  type(text: string): string | null {
    const characters = [...text]
    for (const [index, character] of characters.entries()) {
      if (!this.#take(character)) continue
      const rest = characters.slice(index + 1).join('')
      if (rest !== '' && rest !== '\n') throw new Refusal('invalid_input', 'the value has more than one line')
      return this.#characters.join('')
    }
    if (this.#characters.length > maxSecretBytes) throw tooLong()
    return null
  }

  /** Returns true when the line is complete. */
  #take(character: string): boolean {
    if (character === '\x03') throw new Refusal('cancelled', 'interrupted; nothing was changed')
    this.#mark += character
    if (this.#mark === pasteStart || this.#mark === pasteEnd) return this.#pasted(this.#mark === pasteStart)
    if (pasteStart.startsWith(this.#mark) || pasteEnd.startsWith(this.#mark)) return false
    const pending = [...this.#mark]
    this.#mark = ''
    // Only the newest can be an editing key: what is before it is the head of a mark that came to nothing,
    // kept as it is, so that the control character in it is noticed and named.
    this.#characters.push(...pending.slice(0, -1))
    if (character === '\x1b') {
      this.#mark = character
      return false
    }
    if (this.#pasteStart === null) return this.#key(character)
    this.#characters.push(character)
    return false
  }

  #pasted(starts: boolean): false {
    this.#mark = ''
    if (starts) {
      this.#pasteStart = this.#characters.length
    } else if (this.#pasteStart !== null) {
      const pasted = this.#characters.splice(this.#pasteStart).join('').replace(/\r\n?/g, '\n')
      // A line break at the end of what was pasted comes from copying a whole line.
      this.#characters.push(...pasted.replace(/\n$/, ''))
      this.#pasteStart = null
    }
    return false
  }

  #key(character: string): boolean {
    switch (character) {
      case '\r':
      case '\n':
      case '\x04': // Ctrl-D
        return true
      case '\x7f':
      case '\b':
        this.#characters.pop()
        return false
      case '\x15': // Ctrl-U
        this.#characters = []
        return false
      default:
        this.#characters.push(character)
        return false
    }
  }
}
