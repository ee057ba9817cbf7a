import { expect, test } from 'vitest'
import type { NeededRights } from '../../../src/leased.ts'
import { neededRights } from '../../../tools/http/rights.ts'
import { HttpTarget } from '../../../tools/http/target.ts'

const metadata = { metadata: 'read' } as const

const cases: readonly (readonly [string, readonly unknown[], NeededRights])[] = [
  [
    'reading issues',
    ['GET /repos/acme/shop/issues'],
    { repositories: ['shop'], permissions: { ...metadata, issues: 'read' } },
  ],
  [
    'writing beats reading, whatever the order',
    ['GET /repos/acme/shop/issues', 'POST /repos/acme/shop/issues', 'GET /repos/acme/shop/issues/:n'],
    { repositories: ['shop'], permissions: { ...metadata, issues: 'write' } },
  ],
  [
    'several repositories, sorted, once',
    ['GET /repos/acme/shop/issues', 'GET /repos/acme/api/pulls', 'GET /repos/acme/shop/labels'],
    { repositories: ['api', 'shop'], permissions: { ...metadata, issues: 'read', pull_requests: 'read' } },
  ],
  ['a repository itself', ['GET /repos/acme/shop'], { repositories: ['shop'], permissions: metadata }],
  [
    'changing a repository itself is not guessed',
    ['PATCH /repos/acme/shop'],
    { repositories: ['shop'], permissions: null },
  ],
  [
    'everything below a repository is not guessed',
    ['GET /repos/acme/shop/**'],
    { repositories: ['shop'], permissions: null },
  ],
  ['an area that is not known', ['GET /repos/acme/shop/traffic/views'], { repositories: ['shop'], permissions: null }],
  [
    'a name of the object itself is no area',
    ['GET /repos/acme/shop/constructor'],
    { repositories: ['shop'], permissions: null },
  ],
  [
    'a repository that the agent names',
    ['GET /repos/acme/:repo/issues'],
    { repositories: null, permissions: { ...metadata, issues: 'read' } },
  ],
  [
    'a path that is of no repository',
    ['GET /user', 'GET /repos/acme/shop/issues'],
    { repositories: null, permissions: null },
  ],
  [
    'an entry with arguments',
    [{ method: 'PUT', path: '/repos/acme/shop/contents/:file' }],
    { repositories: ['shop'], permissions: { ...metadata, contents: 'write' } },
  ],
]

test.each(cases)('%s: %j', (_what, allow, rights) => {
  expect(neededRights(HttpTarget.parse({ base_url: 'https://api.github.com', allow }))).toEqual(rights)
})

test('operations count as allow does', () => {
  const operations = { close: { request: 'PATCH /repos/acme/shop/issues/:n', description: 'Closes.' } }
  const target = HttpTarget.parse({
    base_url: 'https://api.github.com',
    allow: ['GET /repos/acme/api/issues'],
    operations,
  })
  expect(neededRights(target)).toEqual({ repositories: ['api', 'shop'], permissions: { ...metadata, issues: 'write' } })
})
