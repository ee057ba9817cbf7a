/** How a text is shown; without colours they all look the same. */
export type Tone = 'plain' | 'dim' | 'bold' | 'good' | 'bad' | 'key'

/** A text in one tone. */
export interface Ink {
  readonly text: string
  readonly tone: Tone
}

/** The lines of one cell of the table. */
export type Cell = readonly (string | Ink)[]

const colours: Readonly<Record<Tone, string>> = {
  plain: '',
  dim: '\x1b[2m',
  bold: '\x1b[1m',
  good: '\x1b[32m',
  bad: '\x1b[31m',
  key: '\x1b[33m',
}
const noColour = '\x1b[0m'
const overwrite = '\r\x1b[K'

const widest = 100
const narrowest = 72
const margin = '  '
const gap = '  '

/** Writes the demo's lines and tables, never wider than 100 columns. */
export class Screen {
  readonly #options: ScreenOptions
  readonly #width: number
  #waits = false

  constructor(options: ScreenOptions) {
    this.#options = options
    this.#width = Math.min(widest, Math.max(narrowest, options.columns))
  }

  /** One line, of pieces in different tones; an empty one without any. */
  line(...pieces: (string | Ink)[]): void {
    this.settled()
    const text = pieces.map(piece => this.#ink(inked(piece))).join('')
    this.#options.write(text === '' ? '\n' : `${margin}${text}\n`)
  }

  /** Shows what is being waited for, where it can be taken back again. */
  waiting(text: string): void {
    if (!this.#options.live) return
    this.settled()
    this.#options.write(`${margin}${this.#ink({ text: `… ${text}`, tone: 'dim' })}`)
    this.#waits = true
  }

  /** Takes back what `waiting` showed. */
  settled(): void {
    if (this.#waits) this.#options.write(overwrite)
    this.#waits = false
  }

  /** A command that ran, and what came of it. */
  done(command: string, outcome: string): void {
    this.#table(this.#mark(true), [31, this.#room - 33], [[`$ ${command}`], [{ text: outcome, tone: 'dim' }]])
  }

  /** The titles of the columns of what follows. */
  header(...titles: readonly string[]): void {
    this.line()
    const cells = titles.map((text): Cell => [{ text, tone: 'dim' }])
    this.#table('', titles.length === 2 ? this.#pair : this.#triple, cells)
    this.line({ text: '─'.repeat(this.#width - 2 * margin.length), tone: 'dim' })
  }

  /** One act: what it is about, then its three cells side by side, and whether it held. */
  act(title: string, cells: readonly [Cell, Cell, Cell], held: boolean): void {
    this.line(this.#mark(held), { text: title, tone: 'bold' })
    this.#table('', this.#triple, cells)
  }

  /** One line of two cells, and whether it held. */
  row(held: boolean, left: string, right: string): void {
    this.#table(this.#mark(held), this.#pair, [[left], [{ text: right, tone: held ? 'plain' : 'bad' }]])
  }

  /** Columns left for cells, beside the mark. */
  get #room(): number {
    return this.#width - 2 * margin.length - 2
  }

  get #pair(): readonly number[] {
    const left = Math.floor(this.#room * 0.48)
    return [left, this.#room - left - gap.length]
  }

  get #triple(): readonly number[] {
    const asked = Math.floor(this.#room * 0.29)
    const saw = Math.floor(this.#room * 0.25)
    return [asked, saw, this.#room - asked - saw - 2 * gap.length]
  }

  #mark(held: boolean): string {
    return this.#ink({ text: held ? '✓ ' : '✗ ', tone: held ? 'good' : 'bad' })
  }

  #table(mark: string, widths: readonly number[], cells: readonly Cell[]): void {
    const columns = cells.map((cell, index) => cell.flatMap(piece => wrapped(inked(piece), widths[index] ?? 0)))
    for (let row = 0; row < Math.max(...columns.map(lines => lines.length)); row++) {
      const texts = columns.map((lines, index) => {
        const piece = lines[row] ?? inked('')
        const padding = index === columns.length - 1 ? 0 : (widths[index] ?? 0) - piece.text.length
        return this.#ink(piece) + ' '.repeat(padding)
      })
      this.line(`${row === 0 && mark !== '' ? mark : '  '}${texts.join(gap)}`.trimEnd())
    }
  }

  #ink({ text, tone }: Ink): string {
    return this.#options.colours && colours[tone] !== '' ? `${colours[tone]}${text}${noColour}` : text
  }
}

/** Where a screen writes to, and what that understands. */
export interface ScreenOptions {
  readonly write: (text: string) => void
  readonly colours: boolean
  /** Whether a line can be written over, so that waiting can be shown. */
  readonly live: boolean
  readonly columns: number
}

function inked(piece: string | Ink): Ink {
  return typeof piece === 'string' ? { text: piece, tone: 'plain' } : piece
}

/** Breaks a text into lines: at a space or behind a comma where there is one. */
function wrapped({ text, tone }: Ink, width: number): Ink[] {
  const lines: Ink[] = []
  let rest = text
  while (rest.length > width) {
    const at = Math.max(rest.lastIndexOf(' ', width), rest.lastIndexOf(',', width - 1) + 1)
    const cut = at > width / 3 ? at : width
    lines.push({ text: rest.slice(0, cut).trimEnd(), tone })
    rest = rest.slice(cut).trimStart()
  }
  return [...lines, { text: rest, tone }]
}
