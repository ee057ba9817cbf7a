import { closeSync, openSync, readFileSync, readSync } from 'node:fs'

/** What a search of a living process's memory gave. */
export interface Searched {
  /** The names of what was found. */
  readonly found: readonly string[]
  readonly bytes: number
  /** What the system did not give, although it is mapped to be read. */
  readonly unreadBytes: number
}

const chunkBytes = 8 << 20

/**
 * Searches every mapping of a process that can hold something of its own, while it is stopped. What is mapped from a file
 * and cannot be written is that file, and is left out.
 *
 * @param needles what to look for, by name; as UTF-8 and as UTF-16, which is how V8 keeps some strings
 * @throws Error when there is more memory, or it takes longer, than was said: a search in part proves nothing
 */
export function searchMemory(
  pid: number,
  needles: Readonly<Record<string, string | Buffer>>,
  { maxBytes = 2 ** 31, maxMs = 90_000 }: { readonly maxBytes?: number; readonly maxMs?: number } = {},
): Searched {
  const wanted = new Map<string, { readonly name: string; readonly bytes: Buffer }>()
  for (const [name, needle] of Object.entries(needles)) {
    const spellings = typeof needle === 'string' ? [Buffer.from(needle), Buffer.from(needle, 'utf16le')] : [needle]
    // Many forms of a plain value are that value.
    for (const bytes of spellings) wanted.set(bytes.toString('latin1'), { name, bytes })
  }
  const overlap = Math.max(...Array.from(wanted.values(), ({ bytes }) => bytes.length)) - 1
  const buffer = Buffer.allocUnsafe(chunkBytes + overlap)
  const until = performance.now() + maxMs
  const found = new Set<string>()
  let [bytes, unreadBytes] = [0, 0]
  process.kill(pid, 'SIGSTOP')
  const memory = openSync(`/proc/${pid}/mem`, 'r')
  try {
    for (const { start, end } of mappingsOf(pid)) {
      for (let at = start; at < end; at += chunkBytes) {
        const length = Math.min(buffer.length, end - at)
        const read = readInto(memory, buffer, length, at)
        unreadBytes += length - read
        bytes += read
        if (bytes > maxBytes) throw new Error(`process ${pid} has more memory than ${maxBytes} bytes`)
        if (performance.now() > until) throw new Error(`searching process ${pid} takes longer than ${maxMs} ms`)
        const chunk = buffer.subarray(0, read)
        for (const { name, bytes: needle } of wanted.values())
          if (!found.has(name) && chunk.includes(needle)) found.add(name)
      }
    }
  } finally {
    closeSync(memory)
    process.kill(pid, 'SIGCONT')
  }
  return { found: [...found], bytes, unreadBytes }
}

function mappingsOf(pid: number): { readonly start: number; readonly end: number }[] {
  return readFileSync(`/proc/${pid}/maps`, 'utf8')
    .split('\n')
    .flatMap(line => {
      const [, start = '', end = '', rights = '', inode = '', path = ''] =
        /^([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ (\d+) *(.*)$/.exec(line) ?? []
      const isFile = inode !== '0' && !rights.includes('w')
      // The kernel's own pages cannot be read from outside.
      if (!rights.startsWith('r') || isFile || /^\[v(?:var|syscall|dso)/.test(path)) return []
      return [{ start: Number.parseInt(start, 16), end: Number.parseInt(end, 16) }]
    })
}

function readInto(memory: number, buffer: Buffer, length: number, position: number): number {
  let done = 0
  try {
    while (done < length) {
      const read = readSync(memory, buffer, done, length - done, position + done)
      if (read === 0) break
      done += read
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EIO') throw error
  }
  return done
}
