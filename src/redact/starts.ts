import type { Graph, Thread } from './graph.ts'

/** What is known of some characters in a row: nothing (0), that no form begins with them, or (from there on) which node has the rest. */
const never = 1
const firstNode = 2

/** Every form has more characters than this (`minimumSecretLength`), so none is complete while one looks ahead. */
const lookahead = 7

const ascii = 0x80

/** The most nodes that are kept, each of some 300 bytes; what lies beyond them may be the start of a form for all that is known. */
const maximumNodes = 16_384

/** Tells where a form can begin, as seven characters tell. In most text that is nowhere, so that no thread has to be followed. */
export class Starts {
  readonly #graph: Graph
  /** By two characters. */
  readonly #pairs = new Uint16Array(ascii * ascii)
  /** Where forms can be, by node. */
  readonly #threads: (readonly Thread[])[] = []
  /** What is known of each next character, node by node. */
  #next = new Uint16Array(32 * ascii)
  readonly #begun: (readonly Thread[] | undefined)[] = []

  constructor(graph: Graph) {
    this.#graph = graph
  }

  /** Returns the next index, at or after `from`, where a form can begin; the length of the text when there is none. */
  next(text: string, from: number): number {
    const pairs = this.#pairs
    const last = text.length - 1
    let index = from
    let code = text.charCodeAt(index)
    while (index < last) {
      const following = text.charCodeAt(index + 1)
      const isNever = (code | following) < ascii && pairs[(code << 7) | following] === never
      if (!isNever && this.isStart(text, index)) return index
      index += 1
      code = following
    }
    return index === last && this.isStart(text, index) ? index : text.length
  }

  /** Tells whether a form can begin at this index, as far as the text goes. */
  isStart(text: string, index: number): boolean {
    const first = text.charCodeAt(index)
    if (first >= ascii) return true
    if (index + 1 >= text.length) return this.#begin(first).length > 0
    const second = text.charCodeAt(index + 1)
    if (second >= ascii) return true
    let known = this.#pairs[(first << 7) | second] || this.#meetPair(first, second)
    const end = Math.min(text.length, index + lookahead)
    for (let at = index + 2; at < end && known !== never; at += 1) {
      const node = known - firstNode
      const code = text.charCodeAt(at)
      if (node >= this.#threads.length || code >= ascii) return true
      known = this.#next[(node << 7) | code] || this.#meet(node, code)
    }
    return known !== never
  }

  #begin(first: number): readonly Thread[] {
    return (this.#begun[first] ??= this.#graph.begin(String.fromCharCode(first)))
  }

  #meetPair(first: number, second: number): number {
    const known = this.#nodeAfter(this.#begin(first), second)
    this.#pairs[(first << 7) | second] = known
    return known
  }

  #meet(node: number, code: number): number {
    const known = this.#nodeAfter(this.#threads[node] ?? [], code)
    this.#next[(node << 7) | code] = known
    return known
  }

  /** Returns what is known after one more character; beyond the most nodes it is the number of none. */
  #nodeAfter(threads: readonly Thread[], code: number): number {
    const after = this.#graph.advance(threads, String.fromCharCode(code))
    if (after.length === 0) return never
    const node = this.#threads.length
    if (node === maximumNodes) return firstNode + maximumNodes
    this.#threads.push(after)
    if (this.#next.length < (node + 1) * ascii) this.#grow()
    return firstNode + node
  }

  #grow(): void {
    const larger = new Uint16Array(this.#next.length * 4)
    larger.set(this.#next)
    this.#next = larger
  }
}
