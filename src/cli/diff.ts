import { createTwoFilesPatch, FILE_HEADERS_ONLY } from 'diff'
import { printable } from '../audit/printable.ts'

/** Colours by what a line begins with. */
const colours: readonly (readonly [string, string])[] = [
  ['+++', '\x1b[1m'],
  ['---', '\x1b[1m'],
  ['@@', '\x1b[36m'],
  ['+', '\x1b[32m'],
  ['-', '\x1b[31m'],
]

/**
 * Shows how a file would change, as a unified diff with three lines around each change. Control characters are shown,
 * not sent.
 *
 * @param colour true for a terminal
 * @returns lines, or nothing when the texts are the same
 */
export function unifiedDiff(before: string, after: string, file: string, colour = false): string {
  if (before === after) return ''
  const options = { context: 3, timeout: 5_000 }
  const patch = createTwoFilesPatch(file, file, before, after, undefined, undefined, {
    ...options,
    headerOptions: FILE_HEADERS_ONLY,
  })
  if (patch === undefined) return `${printable(file)}: too much changes to be shown\n`
  const lines = patch.replace(/\n$/, '').split('\n').map(printable)
  return lines.map(line => `${colour ? coloured(line) : line}\n`).join('')
}

function coloured(line: string): string {
  const [, code] = colours.find(([start]) => line.startsWith(start)) ?? []
  return code === undefined ? line : `${code}${line}\x1b[0m`
}
