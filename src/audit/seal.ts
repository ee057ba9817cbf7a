import { createHmac, type KeyObject, timingSafeEqual } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Position } from './record.ts'

/**
 * Where a chain ends. It stands beside the chain and is rewritten in place after each line, so that a chain
 * whose last lines were cut off does not look like a shorter chain. The seal makes that hold against someone who can
 * write to the directory: its key is kept elsewhere.
 */
export interface Head extends Position {
  /** Calls opened in this chain and not closed; spares a start the search for them when there are none. */
  readonly open: number
}

interface SealedHead extends Head {
  readonly mac: string
}

/** Smaller than a sector, so that a rewrite is never torn by a loss of power. */
const headBytes = 256

/** The fixed-size text of a head. */
export function sealHead(key: KeyObject, chain: string, head: Head): string {
  const sealed: SealedHead = { seq: head.seq, hash: head.hash, open: head.open, mac: macOf(key, chain, head) }
  return `${JSON.stringify(sealed).padEnd(headBytes - 1)}\n`
}

/** Whether a head was written by someone who has the key, for this chain and no other. */
function sealHolds(key: KeyObject, chain: string, head: SealedHead): boolean {
  const expected = Buffer.from(macOf(key, chain, head), 'hex')
  const found = Buffer.from(head.mac, 'hex')
  return found.length === expected.length && timingSafeEqual(found, expected)
}

/** What stands in the place of a head. `unchecked`: no key was given, so the seal says nothing. */
export type FoundHead =
  | { readonly state: 'sealed' | 'unchecked' | 'broken'; readonly head: Head }
  | { readonly state: 'missing' | 'unreadable'; readonly head: null }

/** Reads a head. Looks again before it says that one is bad: a living writer may be in the middle of a rewrite. */
export function readHead(path: string, chain: string, key: KeyObject | null): FoundHead {
  let found: FoundHead = { state: 'missing', head: null }
  for (let attempt = 0; attempt < 5; attempt++) {
    const text = readIfThere(path)
    if (text === null) return { state: 'missing', head: null }
    const head = parseHead(text)
    if (head === null) found = { state: 'unreadable', head }
    else if (key === null) return { state: 'unchecked', head }
    else if (sealHolds(key, chain, head)) return { state: 'sealed', head }
    else found = { state: 'broken', head }
  }
  return found
}

function macOf(key: KeyObject, chain: string, head: Head): string {
  return createHmac('sha256', key)
    .update(`keyhold audit head 1\n${chain}\n${head.seq}\n${head.hash}\n${head.open}`)
    .digest('hex')
}

function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, 'latin1')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

function parseHead(text: string): SealedHead | null {
  try {
    const { seq, hash, open, mac } = JSON.parse(text) as Record<string, unknown>
    if (!Number.isSafeInteger(seq) || !Number.isSafeInteger(open)) return null
    if (typeof hash !== 'string' || typeof mac !== 'string') return null
    return { seq: seq as number, hash, open: open as number, mac }
  } catch {
    return null
  }
}
