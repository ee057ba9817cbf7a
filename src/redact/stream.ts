import type { Span } from './search.ts'
import type { SeveralSearches, States } from './several.ts'

/** Forms and parts that touch or cover each other, replaced as one; named after the longest of them. */
interface Cluster {
  readonly start: number
  readonly end: number
  readonly owner: number
  readonly longest: number
  /** Whether no form of a whole value is among them. */
  readonly isPart: boolean
  /** What of it is no longer held. */
  readonly before: string
}

/** How much of a part is told of. */
const longestRun = 1_024

/**
 * Redacts text that arrives in pieces. It holds back exactly what can still become a form: from where the earliest unfinished
 * reading began, and what it takes to tell that no part begins. That is never more than the longest form, which is below 256 characters for each byte of the value.
 */
export class Stream {
  readonly #search: SeveralSearches
  readonly #labels: readonly string[]
  readonly #onPart: (owner: number, run: string) => void
  #states: States
  #held = ''
  /** How much of the source has been released, and from where on nothing of it is shown. */
  #released = 0
  #limit = Number.POSITIVE_INFINITY
  /** In order and apart; positions count from the beginning of what is held and may lie before it. */
  #clusters: Cluster[] = []

  /** `labels[i]` replaces the forms of value number i of the search; `onPart` hears of parts that are apart from any whole. */
  constructor(search: SeveralSearches, labels: readonly string[], onPart: (owner: number, run: string) => void) {
    this.#search = search
    this.#labels = labels
    this.#onPart = onPart
    this.#states = search.start
  }

  /** Takes a piece and returns the text that is safe by now. */
  push(piece: string): string {
    const text = this.#held + piece
    const { states, spans } = this.#search.read(text, this.#held.length, this.#states)
    this.#states = states
    for (const span of spans) this.#include(span)
    return this.#release(text, this.#search.settled(text, states))
  }

  /** Returns the rest: the source has ended, so what was unfinished is no form. */
  end(): string {
    return this.#release(this.#held, this.#held.length)
  }

  /**
   * Nothing that is pushed from here on is shown; it only settles what came before. Cutting at once would either show
   * the head of a secret or, by leaving it out, tell whoever chose the text before the cut that it guessed that head.
   */
  limit(): void {
    this.#limit = this.#released + this.#held.length
  }

  /** Whether everything before the limit has been decided. */
  get settled(): boolean {
    return this.#released >= this.#limit
  }

  /** Drops what is still undecided. */
  cut(): string {
    const [cluster] = this.#clusters
    return cluster && cluster.start < this.#shownUpTo() ? this.#replace(cluster, this.#held) : ''
  }

  #include(span: Span): void {
    let { start } = span
    let longest = span.end - span.start
    let { owner, isPart } = span
    let before = ''
    for (let last = this.#clusters.at(-1); last && last.end > start; last = this.#clusters.at(-1)) {
      this.#clusters.pop()
      start = Math.min(start, last.start)
      if (last.longest >= longest) ({ longest, owner } = last)
      isPart &&= last.isPart
      before = last.before
    }
    this.#clusters.push({ start, end: span.end, owner, longest, isPart, before })
  }

  #release(text: string, safe: number): string {
    const limit = this.#shownUpTo()
    const shown = (from: number, to: number) => text.slice(Math.min(from, limit), Math.min(to, limit))
    let released = ''
    let at = 0
    let done = 0
    for (const cluster of this.#clusters) {
      if (cluster.start >= safe) break
      released += shown(at, Math.max(at, cluster.start))
      at = Math.min(cluster.end, safe)
      // A form that begins within this cluster may still extend it.
      if (cluster.end > safe) break
      if (cluster.start < limit) released += this.#replace(cluster, text)
      done += 1
    }
    this.#held = text.slice(safe)
    this.#clusters = this.#clusters.slice(done).map(cluster => shifted(cluster, text, safe))
    this.#released += safe
    return released + shown(at, safe)
  }

  /** Where, counted from the beginning of what is held, showing ends. */
  #shownUpTo(): number {
    return Math.max(0, this.#limit - this.#released)
  }

  #replace(cluster: Cluster, text: string): string {
    if (cluster.isPart) this.#onPart(cluster.owner, runUpTo(cluster.end, cluster, text))
    return this.#labels[cluster.owner] ?? ''
  }
}

/** The cluster after the beginning of what is held was let go of. */
function shifted(cluster: Cluster, text: string, safe: number): Cluster {
  const before = cluster.isPart && cluster.start < safe ? runUpTo(safe, cluster, text) : cluster.before
  return { ...cluster, start: cluster.start - safe, end: cluster.end - safe, before }
}

function runUpTo(end: number, { start, before }: Cluster, text: string): string {
  return before.length < longestRun ? (before + text.slice(Math.max(0, start), end)).slice(0, longestRun) : before
}
