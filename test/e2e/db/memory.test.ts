import { afterAll, beforeAll, expect, test } from 'vitest'
import { readFileSync } from 'node:fs'
import { type CustomScene, setCustomScene } from '../../support/custom-scene.ts'
import { type Database, databases } from '../../support/databases.ts'
import { childrenOf } from '../../support/processes.ts'

/* SQLite runs within the worker, and takes memory that the limit of the JavaScript heap does not know about. */

let database: Database
let scene: CustomScene
beforeAll(async () => {
  database = await databases.SQLite()
  await database.admin('CREATE TABLE orders (id integer)', 'INSERT INTO orders VALUES (7)')
  scene = await setCustomScene({}, () => ({
    tools: {
      shop: { kind: 'db', description: 'S', url: database.url, tables: { orders: '*' }, limits: { timeout: '5s' } },
    },
  }))
})
afterAll(async () => {
  await scene.end()
  await database.stop()
})

test('a statement that takes gigabytes is refused, takes no more than a worker may have, and the next call works', async () => {
  const peaks = new Map<number, number>()
  const watching = setInterval(() => {
    for (const pid of childrenOf(scene.pid)) {
      const kb = Number(/^VmRSS:\s+(\d+)/m.exec(statusOf(pid))?.[1] ?? 0)
      peaks.set(pid, Math.max(peaks.get(pid) ?? 0, kb))
    }
  }, 20)
  const columns = Array.from({ length: 1_900 }, () => 'randomblob(999999)').join(', ')
  const { isError } = await scene.call('shop_db_query', { sql: `select ${columns}` })
  clearInterval(watching)
  expect(isError).toBe(true)
  expect(Math.max(...peaks.values())).toBeGreaterThan(0)
  expect(Math.max(...peaks.values())).toBeLessThan(1_572_864)
  const { structured } = await scene.call('shop_db_query', { sql: 'select id from orders' })
  expect(structured).toMatchObject({ rows: [[7]] })
}, 60_000)

function statusOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8')
  } catch {
    return ''
  }
}
