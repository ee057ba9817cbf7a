import { appendFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { replaceKept } from '../../src/credentials/kept.ts'
import { Refusal } from '../../src/refusal.ts'

/*
 * Uses the number in a kept item up, so many times: writes it into a log, and leaves the next one in its place.
 *   node use-kept.ts '{"stateDir":"/...","item":"NAME","log":"/...","times":1,"holdMs":0}'
 */
const order = JSON.parse(process.argv[2] ?? '') as {
  readonly stateDir: string
  readonly item: string
  readonly log: string
  readonly times: number
  readonly holdMs: number
}
const places = { stateDir: order.stateDir, home: order.stateDir, environment: {}, platform: process.platform }
try {
  for (let time = 0; time < order.times; time++) {
    const used = await replaceKept(order.item, places, 30_000, async value => {
      appendFileSync(order.log, `${value}\n`)
      process.stdout.write(`using ${value}\n`)
      await sleep(order.holdMs)
      return { value: value.replace(/^\d+/, number => String(Number(number) + 1)), result: value }
    })
    process.stdout.write(`used ${used}\n`)
  }
} catch (error) {
  const { code, message } = error instanceof Refusal ? error : { code: 'not a refusal', message: String(error) }
  process.stdout.write(`${code}: ${message}\n`)
}
