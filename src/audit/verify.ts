import { createSecretKey, hash } from 'node:crypto'
import { closeSync, existsSync, fstatSync, openSync } from 'node:fs'
import { basename } from 'node:path'
import type { AuditProblem } from './chain-check.ts'
import { readLines } from './lines.ts'
import { chainPaths, listChains, listHeads } from './names.ts'
import { readHead } from './seal.ts'
import { type ChainReport, verifyChain, type Witness } from './verify-chain.ts'

/** The finding of a verification. */
export interface AuditReport {
  readonly chains: readonly ChainReport[]
  readonly records: number
  /** In the order of chains and lines. Empty: nothing was changed, removed, reordered or cut. */
  readonly problems: readonly AuditProblem[]
  /** False when no key was given: then someone who rewrites a chain and its head together is not found out. */
  readonly sealsChecked: boolean
}

/**
 * Verifies every chain of a directory: each line follows from the one before, each chain ends where its head says, and
 * each stands where other chains saw it. Reads in one stream, with memory that does not grow with the log.
 * Throws when the directory cannot be read.
 */
export async function verifyAudit(dir: string, sealKey: Buffer | null): Promise<AuditReport> {
  const key = sealKey === null ? null : createSecretKey(sealKey)
  const problems: AuditProblem[] = []
  const witnesses = new Witnesses()
  const chains = listChains(dir).map(chain => verifyChain(dir, chain, key, problems, witness => witnesses.add(witness)))
  for (const chain of listHeads(dir)) problems.push(...orphanedHead(dir, chain))
  const orphaned = new Set(problems.filter(({ kind }) => kind === 'missing').map(({ chain }) => chain))
  for (const [chain, seen] of witnesses.byChain) {
    if (!orphaned.has(chain)) problems.push(...testimony(dir, chain, seen))
  }
  return {
    chains,
    records: chains.reduce((sum, { records }) => sum + records, 0),
    problems: inOrder(problems),
    sealsChecked: key !== null,
  }
}

/** What lines say of other chains, each statement once: an idle chain is seen by every start. */
class Witnesses {
  readonly byChain = new Map<string, Map<string, Witness>>()

  add(witness: Witness): void {
    const { chain, seq, hash: linked } = witness.link
    const seen = this.byChain.get(chain) ?? new Map<string, Witness>()
    this.byChain.set(chain, seen)
    const statement = `${seq} ${linked}`
    if (!seen.has(statement)) seen.set(statement, witness)
  }
}

/** A head without its chain says how much was removed. At record 0 it is a start that was interrupted. */
function orphanedHead(dir: string, chain: string): AuditProblem[] {
  const paths = chainPaths(dir, chain)
  const { head } = readHead(paths.head, chain, null)
  if (head === null || head.seq === 0 || existsSync(paths.log)) return []
  return [
    { chain, line: null, kind: 'missing', message: `the chain is gone; its head says that it had ${head.seq} records` },
  ]
}

function testimony(dir: string, chain: string, seen: ReadonlyMap<string, Witness>): AuditProblem[] {
  const { log } = chainPaths(dir, chain)
  // A name that leads out of the directory is a forgery: nothing is opened there, and the chain counts as gone.
  const statements = [...seen.values()].filter(({ link }) => link.seq > 0)
  if (basename(chain) !== chain || !existsSync(log)) return statements.slice(0, 1).map(witness => gone(chain, witness))
  const hashes = hashesOf(log, new Set(statements.map(({ link }) => link.seq)))
  return statements.flatMap((witness): AuditProblem[] => {
    const { seq, hash: linked } = witness.link
    const found = hashes.get(seq)
    if (found === undefined)
      return [{ chain, line: seq, kind: 'removed', message: `record ${seq} is missing; ${sawIt(witness)}` }]
    if (found === linked) return []
    return [
      {
        chain,
        line: seq,
        kind: 'changed',
        message: `it, or lines before it, were written anew since ${sawIt(witness)}`,
      },
    ]
  })
}

function gone(chain: string, witness: Witness): AuditProblem {
  const message = `the chain is gone; it had ${witness.link.seq} records when ${sawIt(witness)}`
  return { chain, line: null, kind: 'missing', message }
}

function sawIt({ chain, line }: Witness): string {
  return `${chain}:${line} saw it`
}

/** The hashes of some records, found by the number at the start of their line. */
function hashesOf(path: string, wanted: ReadonlySet<number>): Map<number, string> {
  const hashes = new Map<number, string>()
  const fd = openSync(path, 'r')
  try {
    for (const line of readLines(fd, 0, fstatSync(fd).size)) {
      const seq = Number(/^\{"v":\d+,"seq":(\d+),/.exec(line.toString('latin1', 0, 40))?.[1])
      if (wanted.has(seq) && !hashes.has(seq)) hashes.set(seq, hash('sha256', line, 'hex'))
      if (hashes.size === wanted.size) break
    }
  } finally {
    closeSync(fd)
  }
  return hashes
}

function inOrder(problems: readonly AuditProblem[]): AuditProblem[] {
  return problems.toSorted((a, b) => compare(a.chain, b.chain) || (a.line ?? 0) - (b.line ?? 0))
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
