import type { IncomingMessage } from 'node:http'
import { describe, expect, test } from 'vitest'
import { bearerToken, createGuard, guardProblem } from '../../src/server/http-guard.ts'

const asked = (headers: IncomingMessage['headers']) => ({ headers }) as IncomingMessage

describe('a request is for us when its Host is', () => {
  const local = { host: '127.0.0.1', publicUrl: null }
  test.each<[{ host: string; publicUrl: string | null }, number, string]>([
    [local, 7420, '127.0.0.1:7420'],
    [local, 7420, 'localhost:7420'],
    [local, 7420, 'LOCALHOST:7420'],
    [local, 7420, '[::1]:7420'],
    [local, 80, 'localhost'],
    [{ host: 'LocalHost', publicUrl: null }, 7420, 'localhost:7420'],
    [{ host: '::1', publicUrl: null }, 7420, '[::1]:7420'],
    [{ host: '0.0.0.0', publicUrl: null }, 7420, 'localhost:7420'],
    [{ host: '::', publicUrl: null }, 7420, '127.0.0.1:7420'],
    [{ host: '127.0.0.1', publicUrl: 'https://keyhold.example.com' }, 7420, 'keyhold.example.com'],
    [{ host: '127.0.0.1', publicUrl: 'https://keyhold.example.com:8443/x' }, 7420, 'keyhold.example.com:8443'],
  ])('%j on port %i: %s', (server, port, host) => {
    expect(guardProblem(createGuard(server, port), asked({ host }))).toBe(null)
  })
})

describe('a request is not for us', () => {
  test.each<[IncomingMessage['headers'], 'host' | 'origin']>([
    [{}, 'host'],
    [{ host: '' }, 'host'],
    [{ host: 'localhost' }, 'host'],
    [{ host: 'localhost:7421' }, 'host'],
    [{ host: 'localhost:7420.evil.example' }, 'host'],
    [{ host: 'localhost:7420@evil.example' }, 'host'],
    [{ host: 'evil.example:7420' }, 'host'],
    [{ host: 'localhost:7420', origin: 'http://evil.example' }, 'origin'],
    [{ host: 'localhost:7420', origin: 'https://localhost:7420' }, 'origin'],
    [{ host: 'localhost:7420', origin: 'http://localhost' }, 'origin'],
    [{ host: 'localhost:7420', origin: 'null' }, 'origin'],
    [{ host: 'localhost:7420', origin: '' }, 'origin'],
  ])('with the headers %j', (headers, problem) => {
    const guard = createGuard({ host: '127.0.0.1', publicUrl: null }, 7420)
    expect(guardProblem(guard, asked(headers))).toBe(problem)
  })
})

test('a page of our own origin may call', () => {
  const guard = createGuard({ host: '127.0.0.1', publicUrl: 'https://keyhold.example.com' }, 7420)
  for (const origin of ['http://localhost:7420', 'https://keyhold.example.com'])
    expect(guardProblem(guard, asked({ host: '127.0.0.1:7420', origin }))).toBe(null)
})

describe('the bearer token of', () => {
  test.each<[string | undefined, string | null]>([
    ['Bearer abc.DEF-_~+/12==', 'abc.DEF-_~+/12=='],
    ['bearer   abc', 'abc'],
    [undefined, null],
    ['', null],
    ['Bearer', null],
    ['Bearer ', null],
    ['Bearer a b', null],
    ['Bearer a,b', null],
    ['Basic YWJj', null],
    ['xBearer abc', null],
    ['Bearer ab=c', null],
  ])('%j is %j', (authorization, token) => {
    expect(bearerToken(asked(authorization === undefined ? {} : { authorization }))).toBe(token)
  })
})
