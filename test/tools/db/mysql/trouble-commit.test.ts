import assert from 'node:assert/strict'
import { connect, createServer, type Server, type AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { openMysql } from '../../../../tools/db/mysql/open.ts'
import type { Database } from '../../../support/databases.ts'
import { ask, dbLimits, dbTarget, rawQuery } from '../../../support/db-executor.ts'
import { login, refusalOf, short, troubleDatabase, until, works, write } from './scene.ts'

let database: Database

const open = (written: Record<string, unknown> = {}) =>
  openMysql(dbTarget({ url: database.url, tables: { orders: '*' }, ...written }), dbLimits())

beforeAll(async () => {
  database = await troubleDatabase()
})

afterAll(() => database?.stop())

describe('a write whose connection is cut', () => {
  /** Stands between and cuts the connection when the client says COMMIT, before or after it gets through. */
  async function cutting(isHeard: boolean): Promise<Server> {
    let isCut = false
    const relay = createServer(near => {
      const far = connect(database.server?.port ?? 0, '127.0.0.1')
      for (const socket of [near, far]) socket.on('error', () => {})
      near.on('data', chunk => {
        isCut ||= chunk.includes('COMMIT')
        if (isCut && !isHeard) near.destroy()
        else far.write(chunk)
      })
      far.on('data', chunk => {
        if (isCut) near.destroy()
        else near.write(chunk)
      })
      near.on('close', () => far.destroy())
      far.on('close', () => near.destroy())
    })
    await new Promise<void>(resolve => relay.listen(0, '127.0.0.1', resolve))
    return relay
  }

  test.each([
    [false, '5'],
    [true, '6'],
  ])('at its commit has an unknown outcome and is not tried again (heard: %s)', async (isHeard, total) => {
    const relay = await cutting(isHeard)
    await database.admin('UPDATE orders SET total = 5 WHERE id = 5')
    const executor = await open({ ...write, url: `mysql://127.0.0.1:${(relay.address() as AddressInfo).port}/shop` })
    const error = await refusalOf(
      ask(executor, rawQuery('UPDATE orders SET total = total + 1 WHERE id = 5'), login),
      10_000,
    )
    assert.equal(error.code, 'outcome_unknown')
    await until(async () => (await database.rows('SELECT total FROM orders WHERE id = 5'))[0]?.[0] === total)
    await executor.close()
    relay.close()
  })

  test('at a commit that nobody answers has an unknown outcome soon after the deadline', async () => {
    const relay = createServer(near => {
      const far = connect(database.server?.port ?? 0, '127.0.0.1')
      for (const socket of [near, far]) socket.on('error', () => {})
      near.on('data', chunk => void (chunk.includes('COMMIT') || far.write(chunk)))
      far.on('data', chunk => near.write(chunk))
      near.on('close', () => far.destroy())
    })
    await new Promise<void>(resolve => relay.listen(0, '127.0.0.1', resolve))
    const executor = await open({ ...write, url: `mysql://127.0.0.1:${(relay.address() as AddressInfo).port}/shop` })
    const asked = ask(executor, rawQuery('UPDATE orders SET total = 9 WHERE id = 6'), login, short)
    assert.equal((await refusalOf(asked, 700)).code, 'outcome_unknown')
    await works(executor)
    await executor.close()
    relay.close()
  })
})
