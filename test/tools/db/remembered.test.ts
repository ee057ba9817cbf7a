import { expect, test } from 'vitest'
import { type Judge, OutOfScope } from '../../../tools/db/judge.ts'
import { remembered } from '../../../tools/db/remembered.ts'

function counting() {
  const asked: string[] = []
  const judge: Judge = sql => {
    asked.push(sql)
    if (sql.startsWith('drop')) throw new OutOfScope('no')
    return { action: 'SELECT', text: sql.toUpperCase(), sampled: null, touches: [], parameters: 0 }
  }
  return { asked, judge: remembered(judge) }
}

test('the same statement is judged once, and one that differs in a blank again', () => {
  const { asked, judge } = counting()
  expect([judge('select 1'), judge('select 1'), judge('select  1')].map(({ text }) => text)).toEqual([
    'SELECT 1',
    'SELECT 1',
    'SELECT  1',
  ])
  expect(asked).toEqual(['select 1', 'select  1'])
})

test('a refusal is not remembered, nor is a statement that is long', () => {
  const { asked, judge } = counting()
  const long = `select '${'x'.repeat(5_000)}'`
  for (const _ of [1, 2]) {
    expect(() => judge('drop table x')).toThrow(OutOfScope)
    judge(long)
  }
  expect(asked).toHaveLength(4)
})

test('only so many are remembered', () => {
  const { asked, judge } = counting()
  for (let number = 0; number < 1_000; number += 1) judge(`select ${number}`)
  judge('select 999')
  judge('select 0')
  expect(asked).toHaveLength(1_001)
})

test('what is remembered cannot be changed by whoever was given it', () => {
  const { judge } = counting()
  expect(() => Object.assign(judge('select 1'), { text: 'x' })).toThrow(TypeError)
})
