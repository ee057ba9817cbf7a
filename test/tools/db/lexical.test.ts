import { describe, expect, test } from 'vitest'
import { Refusal } from '../../../src/refusal.ts'
import { maxSqlBytes, refuseOddText } from '../../../tools/db/lexical.ts'

describe('a text that no parser should see is refused', () => {
  test.each([
    ['nothing', ''],
    ['blanks', ' \n\t '],
    ['a NUL', 'select 1\0 from x'],
    ['a byte order mark', '\ufeffselect 1'],
    ['half of a surrogate pair', "select '\ud800'"],
    ['a control character', 'select 1\u0008'],
    ['a C1 control character', 'select\u0085 1'],
    ['a form feed', 'select\f1'],
    ['too many bytes', `select '${'ß'.repeat(maxSqlBytes / 2)}'`],
  ])('%s', (_what, sql) => {
    expect(() => refuseOddText(sql)).toThrow(Refusal)
  })

  test('and nothing else is', () => {
    for (const sql of ['select 1', "select 'é 日本 🎉'\n\tfrom x -- y", `select '${'x'.repeat(maxSqlBytes - 9)}'`])
      expect(() => refuseOddText(sql)).not.toThrow()
  })
})
