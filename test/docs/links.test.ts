import { existsSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { expect, test } from 'vitest'
import { checkout, pages, textOf } from './page.ts'

const links = pages.flatMap(page =>
  [...textOf(page).matchAll(/\]\(([^)\s]+)\)/g)]
    .map(match => match[1] as string)
    .filter(target => !/^[a-z]+:/.test(target))
    .map(target => [page, target] as const),
)

/** How a heading is addressed: lower case, without punctuation, spaces as dashes. */
function anchorsOf(page: string): readonly string[] {
  return [...textOf(page).matchAll(/^#+ (.+)$/gm)].map(match =>
    (match[1] as string)
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )
}

test('there are links to judge', () => {
  expect(links.length).toBeGreaterThan(15)
})

test.each(links)('in %s, the link to %s leads somewhere', (page, target) => {
  const [path = '', anchor] = target.split('#')
  const file = path === '' ? page : relative('.', join(dirname(page), path))
  expect(existsSync(checkout + file), file).toBe(true)
  if (anchor !== undefined) expect(anchorsOf(file)).toContain(anchor)
})
