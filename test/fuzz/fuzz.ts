import { Refusal } from '../../src/refusal.ts'
import { type Judge, OutOfScope } from '../../tools/db/judge.ts'
import { seeded } from '../support/random.ts'
import { type Material, mutant } from './mutate.ts'

/** One database system with what can be fuzzed of it. */
export interface Subject {
  readonly name: string
  readonly material: Material
  readonly judge: Judge
  /** What the engine itself says a statement has reached outside of the scope; null when nothing. */
  account(sql: string, text: string, parameters: number): Promise<string | null>
  close(): Promise<void>
}

/** What came of some statements. */
export interface Fuzzed {
  readonly statements: number
  readonly refused: number
  /** Let through by the judge. */
  readonly passed: number
  /** Let through, and more than the scope according to the engine; or a judge that failed in another way than refusing. */
  readonly escapes: readonly { readonly sql: string; readonly sent: string | null; readonly why: string }[]
}

/** Puts made-up statements through a judge, and asks the engine about what it lets through. The same seed gives the same statements. */
export async function fuzz(
  subject: Subject,
  options: { readonly statements: number; readonly seed: number; readonly progress?: (done: number) => void },
): Promise<Fuzzed> {
  const random = seeded(options.seed)
  const escapes: Fuzzed['escapes'][number][] = []
  let passed = 0
  for (let done = 0; done < options.statements; done += 1) {
    if (done % 1_000 === 0) options.progress?.(done)
    const sql = mutant(subject.material, random)
    let sent: string | null = null
    try {
      const judged = subject.judge(sql)
      sent = judged.text
      passed += 1
      const why = await subject.account(sql, sent, judged.parameters)
      if (why !== null) escapes.push({ sql, sent, why })
    } catch (error) {
      const isRefusal = error instanceof OutOfScope || (error instanceof Refusal && error.code === 'invalid_input')
      if (!isRefusal) escapes.push({ sql, sent, why: String(error) })
    }
  }
  const { statements } = options
  return { statements, refused: statements - passed, passed, escapes }
}
