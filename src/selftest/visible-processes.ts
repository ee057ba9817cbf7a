import { readdir, readFile, readlink } from 'node:fs/promises'

/**
 * Reads what the system shows other programs of a process and of all that it has started: arguments, environment, open files.
 * Empty where there is no /proc, and in parts where the kernel refuses.
 */
export async function visibleProcesses(pid: number): Promise<string> {
  const pids = (await readdir('/proc').catch(() => [])).filter(name => /^\d+$/.test(name)).map(Number)
  const parents = new Map(await Promise.all(pids.map(async each => [each, await parentOf(each)] as const)))
  const isOurs = (each: number | undefined): boolean =>
    each === pid || (each !== undefined && each > 1 && isOurs(parents.get(each)))
  const texts = await Promise.all(pids.filter(isOurs).map(shownOf))
  return texts.join('\n')
}

async function parentOf(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
  return Number(/^PPid:\s*(\d+)/m.exec(status)?.[1] ?? 0)
}

async function shownOf(pid: number): Promise<string> {
  const files = ['cmdline', 'environ', 'comm'].map(name => readFile(`/proc/${pid}/${name}`, 'latin1').catch(() => ''))
  const descriptors = await readdir(`/proc/${pid}/fd`).catch(() => [])
  const open = descriptors.map(name => readlink(`/proc/${pid}/fd/${name}`).catch(() => ''))
  return (await Promise.all([...files, ...open])).join('\n')
}
