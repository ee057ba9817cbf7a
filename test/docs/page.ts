import { globSync, readFileSync } from 'node:fs'

/** The folder that the documents' links and commands start from. */
export const checkout = new URL('../..', import.meta.url).pathname

/** A fenced block of a page, as a reader would copy it: without the indentation of a list that it stands in. */
export interface Block {
  /** `README.md:76`, the line of its fence. */
  readonly place: string
  readonly language: string
  readonly text: string
}

/** The documents that examples are taken from. */
export const pages: readonly string[] = globSync(['*.md', 'docs/*.md'], { cwd: checkout }).sort()

/** The text of a page. */
export function textOf(page: string): string {
  return readFileSync(checkout + page, 'utf8')
}

/** The fenced blocks of one language, of all pages or of one. */
export function blocksOf(language: string, from: readonly string[] = pages): readonly Block[] {
  return from.flatMap(page => fencedBlocks(page)).filter(block => block.language === language)
}

/** The rows of every table of a page whose first cell matches, as their cells. */
export function rowsOf(page: string, first: RegExp): readonly (readonly string[])[] {
  return textOf(page)
    .split('\n')
    .filter(line => line.startsWith('| '))
    .map(line => line.slice(2, -2).split(' | '))
    .filter(cells => first.test(cells[0] ?? ''))
}

function fencedBlocks(page: string): Block[] {
  const blocks: Block[] = []
  let open: { readonly place: string; readonly language: string; readonly indent: string } | null = null
  let lines: string[] = []
  for (const [index, line] of textOf(page).split('\n').entries()) {
    const [, indent = '', language = ''] = /^( *)```(\w*)$/.exec(line) ?? []
    if (!/^ *```\w*$/.test(line))
      lines.push(open !== null && line.startsWith(open.indent) ? line.slice(open.indent.length) : line)
    else if (open === null) {
      open = { place: `${page}:${index + 1}`, language, indent }
      lines = []
    } else {
      blocks.push({ place: open.place, language: open.language, text: `${lines.join('\n')}\n` })
      open = null
    }
  }
  return blocks
}
