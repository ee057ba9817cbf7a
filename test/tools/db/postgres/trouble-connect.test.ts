import { readdirSync, readFileSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { afterAll, assert, beforeAll, describe, test } from 'vitest'
import { CredentialRefused } from '../../../../src/refusal.ts'
import { openPostgres } from '../../../../tools/db/postgres/open.ts'
import { dbContext, dbLimits, dbTarget, rawQuery } from '../../../support/db-executor.ts'
import {
  type EngineScene,
  engineScene,
  itemsAndWriter,
  listening,
  outcome,
  roleOf,
  rowsIn,
  until,
} from './engine-scene.ts'

let scene: EngineScene

beforeAll(async () => {
  scene = await engineScene(`${itemsAndWriter}; CREATE ROLE narrow LOGIN PASSWORD 'narrow' CONNECTION LIMIT 1`)
})
afterAll(() => scene?.stop())

const reader = roleOf('reader')
const short = dbLimits({ timeoutMs: 1_000 })

const busyBackends = `SELECT pid FROM pg_stat_activity WHERE application_name = 'keyhold' AND state = 'active'`

describe('what cannot be reached', () => {
  test('a port where nothing listens', async () => {
    const executor = await openPostgres(dbTarget({ url: 'postgres://127.0.0.1:1/x', tables: { a: '*' } }), dbLimits())
    assert.equal((await outcome(executor, rawQuery('SELECT 1'), reader)).refused, 'target_unreachable')
  })

  test('a server that says nothing', async () => {
    const server = createServer(() => {})
    const port = await listening(server)
    const executor = await openPostgres(
      dbTarget({ url: `postgres://127.0.0.1:${port}/x`, tables: { a: '*' } }),
      dbLimits(),
    )
    const began = performance.now()
    assert.equal(
      (await outcome(executor, rawQuery('SELECT 1'), reader, { limits: short })).refused,
      'target_unreachable',
    )
    assert.isBelow(performance.now() - began, 2_000)
    server.close()
  })

  test('servers that speak something else', async () => {
    const answers = [
      'HTTP/1.1 400 Bad Request\r\n\r\n',
      'R\0\0\0\x08\0\0\0\x7f',
      'E\0\0\0\x04',
      'E\0\0\0\x06S\0',
      'Z\xff\xff\xff\xff',
      'R\0\0\0\x08\0\0\0\0Z\0\0\0\x05ID',
    ]
    for (const text of answers) {
      const sockets: Socket[] = []
      const server = createServer(socket => {
        sockets.push(socket.on('error', () => {}))
        socket.once('data', () => socket.write(Buffer.from(text, 'latin1')))
      })
      const port = await listening(server)
      const executor = await openPostgres(
        dbTarget({ url: `postgres://127.0.0.1:${port}/x`, tables: { a: '*' } }),
        dbLimits(),
      )
      const { refused } = await outcome(executor, rawQuery('SELECT 1'), reader, { limits: short })
      assert.include(['target_unreachable', 'target_refused', 'target_timeout'], refused, JSON.stringify(text))
      for (const socket of sockets) socket.destroy()
      server.close()
    }
  })

  test('a database that does not exist, and one connection too many', async () => {
    const missing = await scene.executor({ url: `postgres://127.0.0.1:${scene.server.port}/nothing` })
    assert.equal((await outcome(missing, rawQuery('SELECT 1'), reader)).refused, 'target_unreachable')
    const executor = await scene.executor()
    const narrow = roleOf('narrow')
    const first = outcome(executor, rawQuery('SELECT pg_sleep(0.5)::text'), narrow)
    await until(async () => (await scene.admin(busyBackends)).length === 1)
    assert.equal((await outcome(executor, rawQuery('SELECT 1'), narrow)).refused, 'busy')
    assert.equal((await first).refused, null)
  })

  test('more calls than connections wait no longer than they have time', async () => {
    const executor = await scene.executor({ limits: { connections: 1 } })
    const long = outcome(executor, rawQuery('SELECT pg_sleep(1.5)::text'), reader)
    await until(async () => (await scene.admin(busyBackends)).length === 1)
    const began = performance.now()
    const waiting = await outcome(executor, rawQuery('SELECT 1'), reader, { limits: dbLimits({ timeoutMs: 300 }) })
    assert.equal(waiting.refused, 'busy')
    assert.isBelow(performance.now() - began, 1_300)
    assert.equal((await long).refused, null)
    const next = await outcome(executor, rawQuery('SELECT 1'), reader)
    assert.deepEqual(rowsIn(next.answer), [[1]])
  })
})

describe('a password', () => {
  test('that is wrong is refused as a credential, and is shown nowhere', async () => {
    const executor = await scene.executor()
    const secret = 'hunter2-not-the-password'
    for (const role of [roleOf('reader', secret), roleOf('nobody', secret)]) {
      const error = await executor.execute(rawQuery('SELECT 1'), dbContext(dbLimits(), role)).then(
        () => null,
        (refused: unknown) => refused as CredentialRefused,
      )
      assert.instanceOf(error, CredentialRefused)
      assert.notInclude(`${error?.stack} ${JSON.stringify(error)} ${String(error?.cause)}`, secret)
    }
    for (const pid of readdirSync('/proc').filter(name => /^\d+$/.test(name))) {
      try {
        assert.notInclude(readFileSync(`/proc/${pid}/cmdline`, 'latin1'), secret)
      } catch (error) {
        if ((error as { code?: string }).code === undefined) throw error
      }
    }
    const next = await outcome(executor, rawQuery('SELECT 1'), reader)
    assert.deepEqual(rowsIn(next.answer), [[1]])
  })

  test('is not given to a server that asks a second time, in another way', async () => {
    const heard: string[] = []
    const ask = (way: number, more = '') => {
      const message = Buffer.concat([Buffer.from('R\0\0\0\0\0\0\0'), Buffer.from([way]), Buffer.from(more, 'latin1')])
      message.writeInt32BE(message.length - 1, 1)
      return message
    }
    const scram = ask(10, 'SCRAM-SHA-256\0\0')
    const second = [ask(3), ask(5, 'salt'), scram]
    for (const again of second) {
      const questions = [scram, again]
      const server = createServer(socket => {
        socket.on('error', () => {})
        socket.on('data', chunk => {
          heard.push(chunk.toString('latin1'))
          const question = questions.shift()
          if (question === undefined) socket.destroy()
          else socket.write(question)
        })
      })
      const url = `postgres://127.0.0.1:${await listening(server)}/x`
      const executor = await openPostgres(dbTarget({ url, tables: { a: '*' } }), dbLimits())
      const { refused } = await outcome(executor, rawQuery('SELECT 1'), roleOf('reader', 'pw-of-the-reader'))
      assert.equal(refused, 'target_refused')
      server.close()
    }
    // The beginning of the login and of SCRAM, and nothing after the second question.
    assert.lengthOf(heard, second.length * 2)
    assert.notInclude(heard.join(), 'pw-of-the-reader')
  })

  test('is not taken from the environment', async () => {
    process.env['PGPASSWORD'] = 'reader'
    try {
      const executor = await scene.executor({ user: 'reader' })
      assert.equal((await outcome(executor, rawQuery('SELECT 1'), null)).refused, 'credential_unavailable')
    } finally {
      delete process.env['PGPASSWORD']
    }
  })
})
