import type { Executor, Json } from '../../../src/kind.ts'
import type { LeasedCredential } from '../../../src/leased.ts'
import type { Judge } from '../../../tools/db/judge.ts'
import { ask, dbLimits, rawQuery } from '../../support/db-executor.ts'

/** Of the role of exactly the scope. */
export const password = 'pw_Q7ZkR2xTn0VbLm4e'

/** One statement that tries to get out of a scope. */
export interface Attack {
  readonly name: string
  readonly sql: string
}

/** A database with everything that an attack can be tried with. */
export interface Ground {
  /** As a tool names it. */
  readonly url: string
  readonly attacks: readonly Attack[]
  readonly judge: Judge
  /** The engine with the role of exactly the scope, as `tool provision` makes it. */
  readonly exact: Way
  /** The engine with a role that can read and write everything. */
  readonly powerful: Way
  /** Carries out a statement as it is, with only the database in its way: the role of the scope, and what the engine does. */
  alone(sql: string, params: readonly Json[]): Promise<string | null>
  /** Carries out a statement by the plain driver with every right, in a transaction that is undone. */
  plainly(sql: string, params: readonly Json[]): Promise<string>
  /** Whether something hidden is in an answer. */
  shows(answer: string): boolean
  /** Everything that no statement may change, as one text. */
  state(): Promise<string>
  stop(): Promise<void>
}

/** An engine, and whom it logs in as. */
export interface Way {
  readonly executor: Executor
  readonly credential: LeasedCredential | null
}

/** Which layers stand, and with what role. */
export const arrangements = [
  'both layers, a role of exactly the scope',
  'both layers, a role that can read everything',
  'the database alone, a role of exactly the scope',
  'the judge alone, a role that can read everything',
] as const

export type Arrangement = (typeof arrangements)[number]

/** What came of an attack: refused, or carried out without anything hidden in the answer, or neither. */
export type Outcome = 'refused' | 'contained' | 'ESCAPED'

/** Tries every attack in one arrangement. */
export async function tryAll(ground: Ground, arrangement: Arrangement): Promise<ReadonlyMap<string, Outcome>> {
  const before = await ground.state()
  const outcomes = new Map<string, Outcome>()
  for (const { name, sql } of ground.attacks) {
    const answer = await answers[arrangement](ground, sql)
    const escaped = ground.shows(unguessed(answer ?? '', sql)) || (await ground.state()) !== before
    outcomes.set(name, escaped ? 'ESCAPED' : answer === null ? 'refused' : 'contained')
  }
  return outcomes
}

/** An answer without what its statement said itself: whoever guesses is not told. */
export function unguessed(answer: string, sql: string): string {
  const literals = [...sql.matchAll(/'((?:[^']|'')+)'/g)].map(([, text = '']) => text.replaceAll("''", "'"))
  return literals.reduce((rest, literal) => rest.replaceAll(literal, ''), answer)
}

/** Null when the statement was refused. */
const answers: Readonly<Record<Arrangement, (ground: Ground, sql: string) => Promise<string | null>>> = {
  'both layers, a role of exactly the scope': (ground, sql) =>
    judgedAnswer(ground, sql, (text, params) => throughEngine(ground.exact, text, params)),
  'both layers, a role that can read everything': (ground, sql) =>
    judgedAnswer(ground, sql, (text, params) => throughEngine(ground.powerful, text, params)),
  'the database alone, a role of exactly the scope': (ground, sql) => ground.alone(sql, values(parametersIn(sql))),
  'the judge alone, a role that can read everything': (ground, sql) =>
    judgedAnswer(ground, sql, (text, params) => ground.plainly(text, params)),
}

async function judgedAnswer(
  { judge }: Ground,
  sql: string,
  answer: (text: string, params: readonly Json[]) => Promise<string | null>,
): Promise<string | null> {
  let judged: ReturnType<Judge>
  try {
    judged = judge(sql)
  } catch {
    return null
  }
  return answer(judged.text, values(judged.parameters))
}

/** Null for an error too, which holds nothing but a code and our own words; that is looked at all the same. */
export async function throughEngine(
  { executor, credential }: Way,
  text: string,
  params: readonly Json[],
): Promise<string | null> {
  try {
    const { answer, isError } = await ask(executor, rawQuery(text, params), credential, dbLimits({ timeoutMs: 3_000 }))
    return isError && (answer['error'] as { near?: string }).near === undefined ? null : JSON.stringify(answer)
  } catch {
    return null
  }
}

function values(count: number): Json[] {
  return Array.from({ length: count }, (_, index) => index + 1)
}

function parametersIn(sql: string): number {
  const numbered = [...sql.matchAll(/\$(\d)/g)].map(([, digit]) => Number(digit))
  return numbered.length > 0 ? Math.max(...numbered) : [...sql.matchAll(/\?/g)].length
}
