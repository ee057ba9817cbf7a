import { readdirSync, readFileSync } from 'node:fs'

/** The kernel counts a process's time in ticks of 10 ms, on every Linux that Node runs on. */
const tickMs = 10

/** Milliseconds of processor time that a process has used, all threads, user and system. */
export function cpuMs(pid: number): number {
  const fields = statFields(pid)
  const [user, system] = [fields[11], fields[12]].map(Number) as [number, number]
  return (user + system) * tickMs
}

/** Megabytes of a process that are in memory, pages that it shares with others included. */
export function residentMb(pid: number): number {
  const [, kb] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(kb) / 1_024
}

/** The processes that a process has started. */
export function childrenOf(pid: number): readonly number[] {
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .map(Number)
    .filter(candidate => parentOf(candidate) === pid)
}

function parentOf(pid: number): number | null {
  try {
    return Number(statFields(pid)[1])
  } catch {
    return null // it ended in between
  }
}

/** proc_pid_stat(5) from field 3 (state) on; the name before it may hold spaces and parentheses. */
function statFields(pid: number): readonly string[] {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
  return text.slice(text.lastIndexOf(')') + 2).split(' ')
}
