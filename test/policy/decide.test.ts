import { describe, expect, test } from 'vitest'
import type { Operation, ScopeVerdict } from '../../src/kind.ts'
import { couldAllow, decide } from '../../src/policy/decide.ts'
import { compileRule, type Rule } from '../../src/policy/rule.ts'
import { http } from '../../tools/http/index.ts'

const tools = ['github_call_api', 'orders_call_api']
const specifierOf = (_tool: string, text: string) => http.specifier(text, undefined as never)
const allow = (text: string) => compileRule('allow', text, tools, specifierOf)
const deny = (text: string) => compileRule('deny', text, tools, specifierOf)

const get: Operation = { action: 'GET', resource: '/repos/a/b', access: 'read', summary: '', idempotent: true }
const remove: Operation = { ...get, action: 'DELETE', access: 'write' }
const inScope: ScopeVerdict = { allowed: true, by: 'GET /repos/**' }

test('what no rule allows is denied', () => {
  expect(decide([], 'github_call_api', get, inScope)).toMatchObject({ effect: 'deny', by: null })
  expect(decide([allow('orders_*')], 'github_call_api', get, inScope)).toMatchObject({ effect: 'deny', by: null })
})

test('an empty list permits nothing, and the tool does not exist for the agent', () => {
  expect(couldAllow([], 'github_call_api')).toBe(false)
})

test('what the scope does not allow, no rule can allow', () => {
  const verdict: ScopeVerdict = { allowed: false, reason: 'outside' }
  expect(decide([allow('*')], 'github_call_api', get, verdict)).toEqual({ effect: 'deny', by: null, reason: 'outside' })
})

describe('deny beats allow, whatever the order', () => {
  const rules: readonly (readonly [string, readonly Rule[]])[] = [
    ['deny first', [deny('github_call_api(DELETE /**)'), allow('github_*')]],
    ['allow first', [allow('github_*'), deny('github_call_api(DELETE /**)')]],
  ]
  test.each(rules)('%s', (_order, list) => {
    expect(decide(list, 'github_call_api', get, inScope)).toMatchObject({ effect: 'allow', by: 'GET /repos/**' })
    expect(decide(list, 'github_call_api', remove, inScope)).toMatchObject({
      effect: 'deny',
      by: 'github_call_api(DELETE /**)',
    })
    expect(couldAllow(list, 'github_call_api')).toBe(true)
  })
})

test('a tool that is denied as a whole does not exist for the agent', () => {
  expect(couldAllow([allow('*'), deny('github_*')], 'github_call_api')).toBe(false)
  expect(couldAllow([allow('*'), deny('github_*')], 'orders_call_api')).toBe(true)
})

test('a rule with a specifier allows only what it specifies', () => {
  const rules = [allow('github_call_api(GET /repos/**)')]
  expect(decide(rules, 'github_call_api', get, inScope).effect).toBe('allow')
  expect(decide(rules, 'github_call_api', { ...get, resource: '/user' }, inScope).effect).toBe('deny')
  expect(decide(rules, 'github_call_api', remove, inScope).effect).toBe('deny')
})

test.each([
  'gitlab_*',
  'github_call_api(push main)',
  'github call',
  '',
  '(GET /**)',
  'github_call_api(GET /**',
  'github_call_api()',
])('a rule that means nothing is an error: %s', text => {
  expect(() => allow(text)).toThrow()
})
