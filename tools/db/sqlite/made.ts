import type { AstNode, ExprResultColumn } from 'sqlite3-parser'
import { quoted } from './names.ts'
import type { Piece } from './parsed.ts'

/** What stands in the made text in place of a part of the statement. */
interface Edit {
  readonly start: number
  readonly end: number
  readonly text: string
}

/** Collects what a made text has in place of tables, together with what the parser has to make of it. */
export class Edits {
  readonly #edits = new Map<number, Edit>()
  readonly #meant = new Map<AstNode, unknown>()
  readonly #computed: ExprResultColumn[] = []

  /** @param meant the tree in place of the node; may hold nodes of the statement itself */
  replace(from: AstNode, to: AstNode, text: string, node: AstNode, meant: unknown): void {
    this.#edits.set(from.span.offset, { start: from.span.offset, end: to.span.offset + to.span.length, text })
    this.#meant.set(node, meant)
  }

  /** Notes a column of a result that has no name of its own, and whose expression was judged. */
  computed(column: ExprResultColumn): void {
    this.#computed.push(column)
  }

  /** The text that is sent: the tokens of the statement and what was put in their place, and nothing else of it. */
  made(pieces: readonly Piece[]): string {
    const names = this.#names(pieces)
    let text = ''
    let last: Piece | null = null
    let until = 0
    for (const piece of pieces) {
      if (piece.start < until) continue
      const edit = this.#edits.get(piece.start)
      const next = edit ?? piece
      until = next.end
      if (next.text === ';') continue
      if (last !== null && !(last.end === next.start && canTouch(last.text, next.text))) text += ' '
      text += next.text
      for (const name of names.get(next.end) ?? []) text += ` AS ${quoted(name)}`
      last = next
    }
    return text
  }

  /**
   * Gives columns that have no name of their own the one that SQLite would give them for what the agent has written:
   * called after what is sent, they would show the condition on rows that is in it.
   */
  #names(pieces: readonly Piece[]): ReadonlyMap<number, readonly string[]> {
    const names = new Map<number, string[]>()
    const places = new Map(pieces.map(({ start }, index) => [start, index]))
    for (const column of this.#computed) {
      const { offset, length } = column.expr.span
      const own: Piece[] = []
      for (let at = places.get(offset) ?? pieces.length; at < pieces.length; at += 1) {
        const piece = pieces[at] as Piece
        if (piece.start >= offset + length) break
        own.push(piece)
      }
      if (!own.some(({ start }) => this.#edits.has(start))) continue
      const text = new Edits().made(own)
      this.#meant.set(column, { ...column, alias: { type: 'AsAs', name: { type: 'Name', text } } })
      const end = own.at(-1)?.end ?? 0
      names.set(end, [...(names.get(end) ?? []), text])
    }
    return names
  }

  /** Whether what was made of the made text is what was meant; where something stood is of no meaning. */
  isMeant(tree: unknown, made: unknown): boolean {
    const meant = this.#meant.get(tree as AstNode) ?? tree
    if (typeof meant !== 'object' || typeof made !== 'object' || meant === null || made === null) return meant === made
    if (Array.isArray(meant) !== Array.isArray(made)) return false
    const [left, right] = [meant as Readonly<Record<string, unknown>>, made as Readonly<Record<string, unknown>>]
    const names = new Set([...Object.keys(left), ...Object.keys(right)])
    names.delete('span')
    return [...names].every(name => this.isMeant(left[name], right[name]))
  }
}

/**
 * Whether two tokens can be written without a blank, as they were: a column that has no other name is called what its
 * expression looks like. Two operators never can, and neither can two words.
 */
function canTouch(left: string, right: string): boolean {
  if (/^[(),]$/.test(left) || /^[(),]$/.test(right)) return true
  const isSign = (text: string) => /^[-+*/%&|~<>=!]+$/.test(text)
  if (left === '.' || right === '.') return /^["\p{L}_.*]/u.test(left) && /^["\p{L}_.*]/u.test(right)
  return isSign(left) !== isSign(right)
}
