import { describe, expect, test } from 'vitest'
import { isGood, judge, readSummary, type Verdict } from './judge.ts'

const summary = `
=== SUMMARY ===
✓ ping: 2 passed, 0 failed
✗ server-stateless: 27 passed, 1 failed
✓ server-sse-polling: 0 passed, 0 failed

Total: 29 passed, 1 failed
`

test('every scenario of the summary is read, the total is not', () => {
  expect(readSummary(summary)).toEqual([
    { scenario: 'ping', passed: 2, failed: 0 },
    { scenario: 'server-stateless', passed: 27, failed: 1 },
    { scenario: 'server-sse-polling', passed: 0, failed: 0 },
  ])
})

describe('a scenario', () => {
  test.each<[number, number, string[], Verdict]>([
    [2, 0, [], 'passed'],
    [27, 1, [], 'failed'],
    [1, 1, ['it'], 'expected'],
    [2, 0, ['it'], 'stale'],
    [0, 0, ['it'], 'stale'],
    [0, 0, [], 'not applicable'],
  ])('with %i passed and %i failed checks, expected to fail: %j, is %s', (passed, failed, expected, verdict) => {
    expect(judge({ scenario: 'it', passed, failed }, new Set(expected))).toBe(verdict)
  })
})

describe('a run', () => {
  test.each<[Verdict[], boolean]>([
    [['passed', 'expected', 'not applicable'], true],
    [['passed', 'failed'], false],
    [['passed', 'stale'], false],
    [['not applicable'], false],
    [[], false],
  ])('of %j is good: %s', (verdicts, good) => {
    expect(isGood(verdicts)).toBe(good)
  })
})
