import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { outcomes } from '../../src/audit/record.ts'
import { loadConfig } from '../../src/config/load.ts'
import { Duration, Rate, Size } from '../../src/units.ts'
import { agentHeaders } from '../../tools/http/headers.ts'
import { kinds } from '../../tools/index.ts'
import { makeHome } from '../support/home.ts'
import { rowsOf, textOf } from './page.ts'

const home = makeHome()
afterAll(() => home.remove())

/** The words in backticks of a text. */
const quoted = (text: string) => [...text.matchAll(/`([^`]+)`/g)].map(match => match[1] as string)

async function defaults() {
  const file = join(home.folder, 'least.yaml')
  writeFileSync(
    file,
    'version: 1\ntools: { a: { kind: http, description: A, base_url: "https://a.example", allow: [GET /] } }\n',
  )
  return (await loadConfig(file, kinds)).config
}

test.each(['README.md', 'docs/configuration.md'])('%s has the limits as they are', async page => {
  const { tools } = await defaults()
  const written = Object.fromEntries(
    rowsOf(page, /^`(?:rate|concurrency|timeout|max_\w+)`$/).map(cells => [cells[0], cells[1]]),
  )
  expect({
    rate: written['`rate`'] === 'none' ? null : 'some',
    concurrency: Number(written['`concurrency`']),
    timeoutMs: Duration.parse(written['`timeout`']),
    maxRequestBytes: Size.parse(written['`max_request`']),
    maxResponseBytes: Size.parse(written['`max_response`']),
  }).toEqual(tools[0]?.limits)
})

test('docs/serving.md has the defaults of the server as they are', async () => {
  const { server } = await defaults()
  const written = Object.fromEntries(
    rowsOf('docs/serving.md', /^`(?:listen|max_body)`$/).map(cells => [cells[0], cells[1]]),
  )
  expect(written['`listen`']).toBe(`\`${server.host}:${server.port}\``)
  expect(Size.parse(written['`max_body`'])).toBe(server.maxBodyBytes)
})

describe('every unit that docs/configuration.md shows is understood', () => {
  const schemas = { duration: Duration, size: Size, rate: Rate }
  test.each(Object.entries(schemas))('%s', (name, schema) => {
    const [row = []] = rowsOf('docs/configuration.md', new RegExp(`^${name}$`))
    const written = quoted(row[1] ?? '')
    expect(written.length).toBeGreaterThan(3)
    const others = name === 'rate' ? quoted(row[2] ?? '').map(unit => `5${unit}`) : []
    for (const text of [...written, ...others]) expect(schema.safeParse(text).success, text).toBe(true)
  })
})

test('docs/http.md lists the headers that an agent may set', () => {
  const [, list = ''] = /An\s+agent\s+may\s+set\s+([^.]+)\./.exec(textOf('docs/http.md')) ?? []
  expect(quoted(list)).toEqual(agentHeaders)
})

test('docs/audit.md lists the ways in which a call can end', () => {
  const [row = []] = rowsOf('docs/audit.md', /^`outcome`$/)
  expect(quoted(row.at(-1) ?? '')).toEqual(outcomes)
})
