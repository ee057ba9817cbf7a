import { readdirSync, readFileSync } from 'node:fs'

/** The memory of a process, in bytes. */
export interface Memory {
  readonly pid: number
  readonly name: 'gate' | 'worker'
  readonly now: number
  /** The most that it ever was; null where the system does not say. */
  readonly peak: number | null
}

/** Whether this system tells how much memory another process has. */
export const tellsMemory = process.platform === 'linux' && readStatus(process.pid, 'VmRSS') !== null

/** Reads the memory of a gate and of its workers, which are its children. */
export function memoryOf(gatePid: number): readonly Memory[] {
  const workers = readdirSync('/proc')
    .filter(name => /^\d+$/.test(name) && parentOf(Number(name)) === gatePid)
    .map(Number)
  return [gatePid, ...workers].flatMap(pid => {
    const now = readStatus(pid, 'VmRSS')
    return now === null
      ? []
      : [{ pid, name: pid === gatePid ? 'gate' : 'worker', now, peak: readStatus(pid, 'VmHWM') } as const]
  })
}

function parentOf(pid: number): number | null {
  const line = /^PPid:\s*(\d+)/m.exec(statusOf(pid))?.[1]
  return line === undefined ? null : Number(line)
}

function readStatus(pid: number, field: string): number | null {
  const kilobytes = new RegExp(`^${field}:\\s*(\\d+) kB`, 'm').exec(statusOf(pid))?.[1]
  return kilobytes === undefined ? null : Number(kilobytes) * 1_024
}

function statusOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8')
  } catch {
    return '' // it has ended, or is not ours to read
  }
}
