import type { Command } from './caller.ts'
import { median } from './quantile.ts'
import { startOverStdio } from './stdio-caller.ts'

/** Medians, in milliseconds, of what a user waits for. */
export interface ColdStart {
  /** From the start of the process until `tools/list` is answered. */
  readonly listedMs: number
  /** From there until the first call is answered, by a worker that has to be started. */
  readonly firstCallMs: number
}

/** The ways of starting that are compared. */
export type Start = 'bare' | 'packed' | 'packedWithoutCache' | 'source'

/** Starts each server over stdio again and again, in turns; the first turn fills the compile cache and does not count. */
export async function measureColdStarts(
  commands: Readonly<Record<Start, Command>>,
  starts: number,
): Promise<Record<Start, ColdStart>> {
  const names = Object.keys(commands) as Start[]
  const measured: Record<Start, ColdStart[]> = { bare: [], packed: [], packedWithoutCache: [], source: [] }
  for (let turn = 0; turn <= starts; turn++) {
    for (const name of names) {
      const start = await startOnce(commands[name])
      if (turn > 0) measured[name].push(start)
    }
  }
  const medians = (all: readonly ColdStart[]): ColdStart => ({
    listedMs: median(all.map(start => start.listedMs)),
    firstCallMs: median(all.map(start => start.firstCallMs)),
  })
  return {
    bare: medians(measured.bare),
    packed: medians(measured.packed),
    packedWithoutCache: medians(measured.packedWithoutCache),
    source: medians(measured.source),
  }
}

async function startOnce(command: Command): Promise<ColdStart> {
  const began = performance.now()
  const caller = startOverStdio(command)
  await caller.request('tools/list')
  const listed = performance.now()
  await caller.request('tools/call')
  const called = performance.now()
  await caller.close()
  return { listedMs: listed - began, firstCallMs: called - listed }
}

/** The same start as if Node had never compiled the program before. */
export function withoutCompileCache(command: Command): Command {
  return { ...command, environment: { ...command.environment, NODE_DISABLE_COMPILE_CACHE: '1' } }
}
