import { DatabaseSync } from 'node:sqlite'
import { parseStmtOrThrow } from 'sqlite3-parser'
import { expect, test } from 'vitest'
import { Edits } from '../../../../tools/db/sqlite/made.ts'
import { safeFunctions, tableFunctions } from '../../../../tools/db/sqlite/functions.ts'
import { parsed } from '../../../../tools/db/sqlite/parsed.ts'

const meant =
  "SELECT a, count(*) FILTER (WHERE b > 1), x'AB' FROM main.t AS u JOIN v USING (c) WHERE d IN (1, 2) LIMIT 3"

test.each([
  ['SELECT a', 'SELECT b'],
  ['> 1)', '>= 1)'],
  ["x'AB'", "x'AC'"],
  ["x'AB'", "'AB'"],
  ['main.t', 't'],
  ['main.t', 'main.s'],
  ['AS u', ''],
  ['JOIN', 'LEFT JOIN'],
  ['JOIN', ','],
  ['USING (c)', 'USING (c, d)'],
  ['USING (c)', 'ON c'],
  ['IN (1, 2)', 'NOT IN (1, 2)'],
  ['IN (1, 2)', 'IN (1)'],
  ['LIMIT 3', ''],
  ['LIMIT 3', 'LIMIT 3 OFFSET 1'],
  [' FILTER (WHERE b > 1)', ''],
  ['SELECT a', 'SELECT DISTINCT a'],
])('a made text with a difference is not what was meant: %s, %s', (part, other) => {
  const made = meant.replace(part, other).replace('t AS u , v USING (c)', 't AS u, v')
  expect(new Edits().isMeant(tree(meant), tree(made))).toBe(false)
})

test('a made text that only looks different is', () => {
  const made = meant.replaceAll(' ', '\n  ').replace('AS\n  u', 'AS "u"')
  expect(new Edits().isMeant(tree(meant), tree(made))).toBe(true)
})

test.each([
  ["SELECT a+b,- - c,d||'--'FROM t", "SELECT a+b,- - c,d||'--' FROM t"],
  ['SELECT-1-/*x*/-2', 'SELECT-1- -2'],
  ['SELECT a<-b, a<>-b, a->>-1, a|-b FROM t', 'SELECT a< -b, a<> -b, a->> -1, a| -b FROM t'],
  ['SELECT t . a , [t].* FROM`t`;;', 'SELECT t . a , "t".* FROM "t"'],
  ["SELECT 1.e5, .5, 5., 0xfF, ?, ?2, X''", "SELECT 1.e5, .5, 5., 0xfF, ?, ?2, X''"],
  ['SELECT "a""b", `a``b`, `a"b`, [a"b]', 'SELECT "a""b", "a`b", "a""b", "a""b"'],
  ['SELECT 1--x\n,2/*y*/,3 /* z', 'SELECT 1 ,2 ,3'],
])('the tokens of %s are written so that nothing joins', (sql, text) => {
  const { pieces, root } = parsed(sql)
  const edits = new Edits()
  expect(edits.made(pieces)).toBe(text)
  expect(edits.isMeant(root, parsed(text).root)).toBe(true)
})

test('SQLite has every function that is called safe', () => {
  const database = new DatabaseSync(':memory:')
  const known = database.prepare('SELECT DISTINCT name FROM pragma_function_list').all()
  const names = new Set(known.map(({ name }) => String(name)))
  expect([...safeFunctions].filter(name => !names.has(name))).toEqual([])
  for (const [name, columns] of tableFunctions) {
    const list = [...columns].map(column => `"${column}"`).join(', ')
    expect(database.prepare(`SELECT ${list} FROM ${name}('[1]')`).all()).toHaveLength(name.endsWith('tree') ? 2 : 1)
  }
  database.close()
})

function tree(sql: string): unknown {
  return parseStmtOrThrow(sql).root
}
