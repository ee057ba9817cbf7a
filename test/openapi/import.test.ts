import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { loadConfig } from '../../src/config/load.ts'
import { readDocument } from '../../src/openapi/document.ts'
import { listEndpoints } from '../../src/openapi/endpoint.ts'
import { importOperations, type OperationText } from '../../src/openapi/import.ts'
import { kinds } from '../../tools/index.ts'
import { takes } from './plan.ts'

const fixture = (name: string) => readFileSync(new URL(`fixtures/${name}`, import.meta.url), 'utf8')

async function importAll(text: string, server?: string) {
  const document = readDocument(text)
  const chosen = new Map(listEndpoints(document).map(endpoint => [endpoint.name, endpoint]))
  return await importOperations({ document, chosen, server, existing: undefined })
}

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'keyhold-test-openapi-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function load(baseUrl: string, operations: Iterable<readonly [string, OperationText]>) {
  const file = join(folder, 'keyhold.yaml')
  const tool = { kind: 'http', description: 'x', base_url: baseUrl, operations: Object.fromEntries(operations) }
  writeFileSync(file, stringify({ version: 1, tools: { t: tool } }), { mode: 0o600 })
  return await loadConfig(file, kinds)
}

describe('an OpenAPI 3.0 document', async () => {
  const imported = await importAll(fixture('petstore-3.0.yaml'))
  const operation = (name: string) => imported.operations.get(name) as OperationText

  test('becomes operations that a configuration loads', async () => {
    const { verbs } = await load(imported.baseUrl, imported.operations)
    expect([...verbs.keys()]).toEqual([
      't_create_pet',
      't_delete_pet',
      't_get_orders_order_id_lines_id',
      't_get_pet',
      't_list_pets',
      't_pets_update_form',
    ])
  })

  test('goes to its server, with its path, and has a plain title', () => {
    expect([imported.baseUrl, imported.title]).toEqual(['https://pets.example.com/api/v2', 'Pet shop of Springfield'])
  })

  test('has the parameters that a URL can carry, with exclusive bounds as numbers', () => {
    expect(operation('list_pets')).toEqual({
      request: 'GET /pets',
      description: 'Lists the pets of a shop, newest first.',
      query: {
        limit: { type: 'integer', exclusiveMinimum: 0, maximum: 100, default: 20 },
        status: { type: 'string', enum: ['available', 'sold'], description: 'Only those of one status' },
        tags: { type: 'array', items: { type: 'string' } },
      },
      required: ['status'],
    })
  })

  test('has path parameters under names that arguments can have, beside query parameters of the same name', () => {
    expect(operation('get_orders_order_id_lines_id')).toEqual({
      request: 'GET /orders/:order_id/lines/:path_id/',
      description: 'GET /orders/{order-id}/lines/{id}/',
      params: { order_id: { type: 'string', pattern: '^[A-Z]{2}\\d+$' }, path_id: { type: 'string' } },
      query: { id: { type: 'string' } },
    })
  })

  test('has forms', () => {
    expect(operation('pets_update_form')).toMatchObject({
      body: {
        type: 'object',
        properties: { name: { type: 'string' }, age: { type: 'integer', minimum: 0 } },
        additionalProperties: false,
      },
      content_type: 'application/x-www-form-urlencoded',
    })
  })

  test.each<[string, unknown, boolean]>([
    ['a pet', { name: 'Rex', status: 'sold' }, true],
    ['a pet with parents', { name: 'Rex', status: 'sold', parents: [{ name: 'A', status: 'sold', nick: null }] }, true],
    ['one home or the other', { name: 'Rex', status: 'sold', home: { street: 'Elm', door: 9 } }, true],
    ['a pet without its own part', { name: 'Rex' }, false],
    ['a pet without the part of others', { status: 'sold' }, false],
    ['a parent that is none', { name: 'Rex', status: 'sold', parents: [{ name: 'A' }] }, false],
    [
      'a friend with more than is listed',
      { name: 'Rex', status: 'sold', friends: [{ name: 'A', admin: true }] },
      false,
    ],
    ['a home with more than is listed', { name: 'Rex', status: 'sold', home: { street: 'Elm', admin: true } }, false],
    ['a nick that is not listed', { name: 'Rex', status: 'sold', nick: 'Bo' }, false],
    ['no object', 'Rex', false],
  ])('judges a recursive, combined body: %s', async (_what, body, fits) => {
    const { verbs } = await load(imported.baseUrl, [['create_pet', operation('create_pet')]])
    expect(takes(verbs, 't_create_pet', { body })).toBe(fits)
  })

  test('says what it leaves out, and refuses what cannot be had', () => {
    expect(imported.refused).toEqual([
      { name: 'set_photo', id: 'setPhoto', reason: 'its body is sent as image/png; only JSON and forms are possible' },
      { name: 'export_csv', id: 'exportCsv', reason: 'its path has a parameter that is only a part of a segment' },
    ])
    for (const part of [
      'security is not taken over',
      'callbacks are not taken over',
      'header parameter X-Tenant is not taken over; the API wants it',
      'header parameter X-Request-Id is not taken over',
      'cookie parameter session is not taken over',
      'query parameter ids: is a list in one value; it is left out',
      'query parameter filter: is of style deepObject; it is left out',
      'query parameter access_token is left out',
      'create_pet: read-only properties are left out',
      'create_pet: uniqueItems is left out',
      'delete_pet: is deprecated',
      'pattern ^(?!x) is left out',
      'format is not checked',
    ])
      expect(imported.notes.filter(note => note.includes(part))).toHaveLength(1)
  })
})

describe('an OpenAPI 3.1 document', async () => {
  const imported = await importAll(fixture('tracker-3.1.json'), 'https://us.tracker.example/v1/')
  const operation = (name: string) => imported.operations.get(name) as OperationText

  test('becomes operations that a configuration loads', async () => {
    const { verbs } = await load(imported.baseUrl, imported.operations)
    expect([...verbs.keys()]).toEqual(['t_issues_create', 't_issues_get', 't_issues_list', 't_put_tree'])
    expect(imported.notes).toContain('webhooks are not taken over')
    expect(imported.notes).toContain('variables of servers are not filled in, whatever their defaults')
  })

  test('has parameters without null, as URLs have none', () => {
    expect(operation('issues_list').query).toEqual({
      page: { type: 'integer', minimum: 1, default: 1 },
      state: { type: 'string', enum: ['open', 'closed'], default: 'open' },
      'labels[]': { type: 'array', items: { type: 'string' } },
    })
  })

  test.each<[string, unknown, boolean]>([
    ['the least', { title: 'A' }, true],
    ['each of several types', { title: 'A', weight: 99 }, true],
    ['each of several types, by its own keywords', { title: 'A', weight: 100 }, false],
    ['text among several types', { title: 'A', weight: 'xxx' }, true],
    ['too long a text among several types', { title: 'A', weight: 'xxxx' }, false],
    ['null among several types', { title: 'A', weight: null, due: null }, true],
    ['const', { title: 'A', kind: 'issue' }, true],
    ['not the const', { title: 'A', kind: 'pull' }, false],
    ['a tuple', { title: 'A', pair: ['a', 1] }, true],
    ['a tuple in disorder', { title: 'A', pair: [1, 'a'] }, false],
    ['open where the document says so', { title: 'A', meta: { a: 'b' } }, true],
    ['closed where the document says so', { title: 'A', other: 1 }, false],
  ])('judges a body: %s', async (_what, body, fits) => {
    const { verbs } = await load(imported.baseUrl, [['issues_create', operation('issues_create')]])
    expect(takes(verbs, 't_issues_create', { body })).toBe(fits)
  })

  test('refers to itself in a body, but not in a parameter', () => {
    expect(operation('put_tree').content_type).toBe('application/merge-patch+json')
    expect(imported.refused.map(({ id, reason }) => [id, reason])).toEqual([
      [
        'getTree',
        'query parameter root: $ref #/components/schemas/Node leads back to itself, which only a body can have',
      ],
    ])
    expect(imported.notes.filter(note => note.startsWith('issues_list: query parameter tree: $ref'))).toHaveLength(1)
  })
})
