import { readdirSync } from 'node:fs'
import { join } from 'node:path'

const suffix = '.jsonl'

/** A name for a new chain: names sort by the time of their chain's first record. */
export function newChainName(nowMs: number, random: (size: number) => Uint8Array): string {
  const start = new Date(nowMs).toISOString().replace(/[-:]/g, '')
  return `${start}-${Buffer.from(random(4)).toString('hex')}${suffix}`
}

/** The chains of a directory, oldest first. Throws when the directory cannot be read. */
export function listChains(dir: string): string[] {
  return readdirSync(dir, { withFileTypes: true })
    .filter(entry => entry.name.endsWith(suffix) && entry.isFile())
    .map(entry => entry.name)
    .sort()
}

/** The chains that have a head, whether their file is there or not. */
export function listHeads(dir: string): string[] {
  return readdirSync(dir)
    .filter(name => name.endsWith(`${suffix}.head`))
    .map(name => name.slice(0, -'.head'.length))
    .sort()
}

/** The paths of a chain's three files. */
export function chainPaths(
  dir: string,
  chain: string,
): { readonly log: string; readonly head: string; readonly lock: string } {
  const log = join(dir, chain)
  return { log, head: `${log}.head`, lock: `${log}.lock` }
}
