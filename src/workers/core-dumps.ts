import { readFileSync } from 'node:fs'

/** Programs that the kernel hands a core to and that keep to the limit of the process it is of. */
const obedient = /(?:systemd-coredump|apport)\b/

/** Whether the limits of a process let the kernel write a core file of it; null where the system does not say. */
export function mayDumpCore(pid: number): boolean | null {
  const text = readOrNull(`/proc/${pid}/limits`)
  const limits = text === null ? null : /^Max core file size +(\S+) +(\S+)/m.exec(text)
  return limits === null ? null : limits[1] !== '0' || limits[2] !== '0'
}

/**
 * The program that gets cores whatever the limit is, where the system has one: core(5) says that the kernel does not look
 * at the limit when it pipes a core into a program. Of a hardened process it makes none.
 */
export function coreTakenBy(): string | null {
  const pattern = readOrNull('/proc/sys/kernel/core_pattern')?.trim() ?? ''
  return pattern.startsWith('|') && !obedient.test(pattern) ? pattern.slice(1).trim().split(' ', 1).join('') : null
}

function readOrNull(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null
  }
}
