import { describe, expect, test } from 'vitest'
import { decide } from '../../../src/policy/decide.ts'
import { compileRule } from '../../../src/policy/rule.ts'
import { operationOf } from '../../../tools/db/judged-plan.ts'
import { specifier } from '../../../tools/db/specifier.ts'

const tools = ['shop_db_query']
const target = { tables: { orders: '*', customers: '*', 'sales.orders': '*', sales: '*' } } as const
const rule = (effect: 'allow' | 'deny', text: string) =>
  compileRule(effect, text, tools, (_tool, inner) => specifier(inner, target))
const reads = (...tables: readonly string[]) =>
  operationOf({ action: 'SELECT', touches: tables.map(resource => ({ access: 'read', resource })) })
const copies = operationOf({
  action: 'INSERT',
  touches: [
    { access: 'write', resource: 'orders' },
    { access: 'read', resource: 'customers' },
  ],
})
const effect = (rules: ReturnType<typeof rule>[], operation: ReturnType<typeof operationOf>) =>
  decide(rules, 'shop_db_query', operation, { allowed: true, by: 'tables' }).effect

describe('a rule about tables', () => {
  test('that allows covers every table of a statement', () => {
    const rules = [rule('allow', 'shop_db_query(read orders)')]
    expect(effect(rules, reads('orders'))).toBe('allow')
    expect(effect(rules, reads('orders', 'customers'))).toBe('deny')
    expect(effect(rules, copies)).toBe('deny')
  })

  test('that denies is about any table of a statement', () => {
    const rules = [rule('allow', '*'), rule('deny', 'shop_db_query(* customers)')]
    expect(effect(rules, reads('orders'))).toBe('allow')
    expect(effect(rules, reads('orders', 'customers'))).toBe('deny')
    expect(effect(rules, copies)).toBe('deny')
  })

  test('tells reading from writing', () => {
    const rules = [rule('allow', '*'), rule('deny', 'shop_db_query(write *)')]
    expect(effect(rules, reads('orders', 'customers'))).toBe('allow')
    expect(effect(rules, copies)).toBe('deny')
  })

  test('takes a statement without a table for harmless', () => {
    expect(effect([rule('allow', 'shop_db_query(read orders)')], reads())).toBe('allow')
    expect(effect([rule('allow', '*'), rule('deny', 'shop_db_query(* *)')], reads())).toBe('allow')
  })

  test.each([
    ['sales.*', 'sales.orders', true],
    ['sales.*', 'sales', false],
    ['*', 'sales.orders', true],
    ['ord*', 'orders', true],
  ])('%s is about %s: %s', (pattern, table, matches) => {
    expect(effect([rule('allow', `shop_db_query(read ${pattern})`)], reads(table))).toBe(matches ? 'allow' : 'deny')
  })

  test.each(['orders', 'select orders', 'read', 'read a b', 'admin orders', 'read custmers', 'read [a-z]*', 's.les'])(
    '%s is none',
    text => {
      expect(specifier(text, target)).toBeNull()
    },
  )
})
