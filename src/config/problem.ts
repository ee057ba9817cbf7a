/** One thing that is wrong with a configuration file, at a place a person can jump to. */
export interface ConfigProblem {
  readonly file: string
  /** 1-based; null when the problem is the file itself. */
  readonly line: number | null
  readonly column: number | null
  /** Dotted path of the key, such as `tools.github.allow`; empty for the whole file. */
  readonly key: string
  readonly reason: string
}

/** A configuration that cannot be used: the start stops, with every problem found. */
export class ConfigError extends Error {
  readonly problems: readonly ConfigProblem[]

  constructor(problems: readonly ConfigProblem[]) {
    super(problems.map(formatProblem).join('\n'))
    this.name = 'ConfigError'
    this.problems = problems
  }
}

/** An error about a file, or one of its top-level keys, that no line can be pointed at for; `key` may be empty. */
export function configError(file: string, key: string, reason: string): ConfigError {
  return new ConfigError([{ file, line: null, column: null, key, reason }])
}

/** `keyhold.yaml:12:5 tools.github.alow: unknown key (did you mean allow?)` */
export function formatProblem(problem: ConfigProblem): string {
  const place = problem.line === null ? problem.file : `${problem.file}:${problem.line}:${problem.column ?? 1}`
  return problem.key === '' ? `${place}: ${problem.reason}` : `${place} ${problem.key}: ${problem.reason}`
}

/** The known word that a mistyped one most likely meant, or null. */
export function nearestWord(word: string, known: readonly string[]): string | null {
  let best: string | null = null
  let bestDistance = Math.max(1, Math.floor(word.length / 3)) + 1
  for (const candidate of known) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase())
    // What was written is no correction of itself: it may be right elsewhere.
    if (candidate !== word && distance < bestDistance) {
      best = candidate
      bestDistance = distance
    }
  }
  return best
}

/** Levenshtein distance where swapping two neighbours counts once (optimal string alignment). */
function editDistance(a: string, b: string): number {
  const rows: number[][] = Array.from({ length: a.length + 1 }, (_, i) => [i])
  const cell = (i: number, j: number) => rows[i]?.[j] ?? Number.POSITIVE_INFINITY
  for (let j = 0; j <= b.length; j++) (rows[0] as number[])[j] = j
  for (let i = 1; i <= a.length; i++) {
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1]
      let distance = Math.min(cell(i - 1, j) + 1, cell(i, j - 1) + 1, cell(i - 1, j - 1) + (same ? 0 : 1))
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        distance = Math.min(distance, cell(i - 2, j - 2) + 1)
      ;(rows[i] as number[])[j] = distance
    }
  }
  return cell(a.length, b.length)
}
