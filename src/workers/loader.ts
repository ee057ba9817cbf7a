import { closeSync, openSync, readSync } from 'node:fs'

/** The headers of an executable lie within its first page. */
const headBytes = 4_096
const elf64LittleEndian = Buffer.from('\x7fELF\x02\x01', 'latin1')
const interpreterType = 3

/**
 * Finds the program that loads an executable and its libraries (System V ABI, program header PT_INTERP), such as
 * `/lib64/ld-linux-x86-64.so.2`.
 *
 * @throws Error when there is none: the file is a script, or linked statically, or of another format
 */
export function loaderOf(executable: string): string {
  const head = readHead(executable)
  const number = (offset: number, size: 'half' | 'quad') =>
    size === 'half' ? head.readUInt16LE(offset) : Number(head.readBigUInt64LE(offset))
  if (head.length === headBytes && head.subarray(0, elf64LittleEndian.length).equals(elf64LittleEndian)) {
    const [table, entryBytes, entries] = [number(0x20, 'quad'), number(0x36, 'half'), number(0x38, 'half')]
    for (let index = 0; index < entries; index++) {
      const entry = table + index * entryBytes
      if (entry + 0x28 > headBytes) break
      if (head.readUInt32LE(entry) !== interpreterType) continue
      const start = number(entry + 0x08, 'quad')
      const path = head.subarray(start, start + number(entry + 0x20, 'quad')).toString('utf8')
      if (/^\/[^\0]+\0$/.test(path)) return path.slice(0, -1)
    }
  }
  throw new Error('Node is not an executable that a loader of its own starts')
}

function readHead(file: string): Buffer {
  const descriptor = openSync(file, 'r')
  try {
    const head = Buffer.alloc(headBytes)
    return head.subarray(0, readSync(descriptor, head, 0, headBytes, 0))
  } finally {
    closeSync(descriptor)
  }
}
