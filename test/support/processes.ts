import { readdirSync, readFileSync } from 'node:fs'

/** The processes that a process started. */
export function childrenOf(pid: number): number[] {
  return readdirSync(`/proc/${pid}/task`).flatMap(task =>
    readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
  )
}

/** The arguments of a process, its program first. */
export function argumentsOf(pid: number): string[] {
  return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').filter(Boolean)
}

/** The environment that a process was started with, without the two variables of Node's own channel. */
export function environmentOf(pid: number): string[] {
  return readFileSync(`/proc/${pid}/environ`, 'utf8')
    .split('\0')
    .filter(entry => entry !== '' && !entry.startsWith('NODE_CHANNEL_'))
}

/** The limit of a process on core files: soft and hard. */
export function coreLimitOf(pid: number): string[] {
  const limits = readFileSync(`/proc/${pid}/limits`, 'utf8')
  return (/^Max core file size +(\S+) +(\S+)/m.exec(limits) ?? []).slice(1, 3)
}

/** Whether a process still runs; one that has ended and that nobody has asked about does not. */
export function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}
