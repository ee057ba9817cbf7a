import { expect, test } from 'vitest'
import { RowSet } from '../../../tools/db/row-set.ts'

const columns = [{ name: 'a', type: 'text' }]

test('rows are cut at their number, between two of them, and it is said', () => {
  const rows = new RowSet(columns, { maxRows: 2, maxBytes: 1_000 })
  expect([rows.push(['x']), rows.push(['y'])]).toEqual([true, true])
  expect(rows.truncated).toBe(false)
  expect(rows.push(['z'])).toBe(false)
  expect(rows.values).toEqual([['x'], ['y']])
  expect(rows.truncated).toBe(true)
  expect(rows.hint).toMatch(/more rows/)
})

test('rows are cut at their size as JSON, and nothing smaller follows', () => {
  const rows = new RowSet(columns, { maxRows: 100, maxBytes: 20 })
  expect([rows.push(['12345']), rows.push(['123456789']), rows.push([''])]).toEqual([true, false, false])
  expect(rows.values).toEqual([['12345']])
})

test('characters count as the bytes that they become', () => {
  expect(new RowSet(columns, { maxRows: 1, maxBytes: 12 }).push(['\u0001'])).toBe(true)
  expect(new RowSet(columns, { maxRows: 1, maxBytes: 10 }).push(['\u0001'])).toBe(false)
  expect(new RowSet(columns, { maxRows: 1, maxBytes: 8 }).push(['ßß'])).toBe(false)
})

test('a value that was shortened is said', () => {
  const rows = new RowSet(columns, { maxRows: 1, maxBytes: 100 })
  rows.push(['x'])
  rows.cutValue()
  expect(rows.truncated).toBe(true)
  expect(rows.hint).toMatch(/too long/)
})
