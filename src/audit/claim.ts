import type { KeyObject } from 'node:crypto'
import { rmSync, truncateSync } from 'node:fs'
import { Chain } from './chain.ts'
import { closedLine, eventLine } from './encode.ts'
import { type Ownership, takeOwnership } from './lock.ts'
import { chainPaths, listChains, newChainName } from './names.ts'
import type { AuditRecord, EventFields, Link } from './record.ts'
import { readLink, readTail, type Tail } from './tail.ts'

export interface ClaimOptions {
  readonly dir: string
  readonly sealKey: KeyObject
  readonly clock: () => number
  readonly random: (size: number) => Uint8Array
  readonly onProblem: (error: Error) => void
  /** Chains that this process wrote until they were taken from under it, with their true ends. */
  readonly lost: readonly Link[]
}

/**
 * Gets a chain to write to: the newest whose owner is gone, else a new one. Its first line from this process says where
 * every other chain stood. Throws when the directory cannot be written.
 */
export function claimChain(options: ClaimOptions): Chain {
  for (const name of listChains(options.dir).reverse()) {
    const chain = takeOver(options, name)
    if (chain !== null) return chain
  }
  return begin(options)
}

function takeOver(options: ClaimOptions, name: string): Chain | null {
  const ownership = ownershipOf(options, name)
  if (ownership === null) return null
  const tail = tailOf(options, name)
  if (tail === null) {
    ownership.release()
    return null
  }
  let chain: Chain | null = null
  try {
    if (tail.torn !== null) truncateSync(chainPaths(options.dir, name).log, tail.tip.size)
    // What the head counts as open is counted again, since the head may be a line behind.
    chain = Chain.resume({ ...options, name, ownership }, { ...tail.tip, open: tail.interrupted.length })
    goOn(options, chain, tail)
    return chain
  } catch (error) {
    if (chain === null) ownership.release()
    else chain.letGo()
    throw error
  }
}

function tailOf(options: ClaimOptions, name: string): Tail | null {
  const tail = orReport(options, `audit chain ${name} is not continued`, () =>
    readTail(options.dir, name, options.sealKey),
  )
  if (typeof tail !== 'string') return tail
  options.onProblem(new Error(`audit chain ${name} is not continued: ${tail}`))
  return null
}

function ownershipOf(options: ClaimOptions, name: string): Ownership | null {
  return orReport(options, `audit chain ${name} is not continued`, () =>
    takeOwnership(chainPaths(options.dir, name).lock),
  )
}

/** Another chain that cannot be read, since it belongs to another user or has just gone, must not stop this one. */
function orReport<T>(options: ClaimOptions, what: string, read: () => T): T | null {
  try {
    return read()
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    options.onProblem(new Error(`${what}: ${reason}`, { cause }))
    return null
  }
}

function goOn(options: ClaimOptions, chain: Chain, tail: Tail): void {
  const event = tail.tip.seq === 0 ? 'chain.started' : 'chain.continued'
  append(options, chain, event, { links: linksFor(options, chain.name) })
  if (tail.torn !== null) append(options, chain, 'audit.repaired', { cut: tail.torn })
  for (const opened of tail.interrupted) closeInterrupted(options, chain, opened)
}

function begin(options: ClaimOptions): Chain {
  const name = newChainName(options.clock(), options.random)
  const paths = chainPaths(options.dir, name)
  const links = linksFor(options, name)
  const ownership = takeOwnership(paths.lock)
  if (ownership === null) throw new Error(`a new chain's name is taken: ${name}`)
  let chain: Chain | null = null
  try {
    chain = Chain.create({ ...options, name, ownership })
    append(options, chain, 'chain.started', { links })
    return chain
  } catch (error) {
    if (chain === null) {
      ownership.release()
      rmSync(paths.lock, { force: true })
    } else chain.discard()
    throw error
  }
}

function append(options: ClaimOptions, chain: Chain, event: string, fields: EventFields): void {
  chain.write(eventLine(chain.position, options.clock(), event, fields), 0)
}

/** Nobody knows what became of a call whose process died, and the record says so. */
function closeInterrupted(options: ClaimOptions, chain: Chain, { call, tool, kind }: AuditRecord): void {
  const fields = {
    ...(typeof tool === 'string' && { tool }),
    ...(typeof kind === 'string' && { kind }),
    outcome: 'unknown',
    code: 'outcome_unknown',
    detail: 'the process that ran this call ended before the call did',
  } as const
  chain.write(closedLine(chain.position, options.clock(), String(call), fields), -1)
}

function linksFor(options: ClaimOptions, own: string): EventFields[string] {
  const links = new Map<string, Link>()
  for (const name of listChains(options.dir)) {
    if (name === own) continue
    const link = orReport(options, `audit chain ${name} is not linked to`, () => readLink(options.dir, name))
    if (link !== null) links.set(name, link)
  }
  for (const link of options.lost) links.set(link.chain, link)
  return [...links.values()].map(({ chain, seq, hash }) => ({ chain, seq, hash }))
}
