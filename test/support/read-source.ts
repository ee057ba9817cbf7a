import { Refusal } from '../../src/refusal.ts'
import { fetchSource } from '../../src/credentials/read-source.ts'
import type { Source } from '../../src/credentials/source.ts'
import { fetchingOf } from './fetching.ts'

/*
 * Reads one source in a process of its own, as a worker does, and prints what came of it:
 *   node read-source.ts '{"source":{"env":"NAME"},"stateDir":"/...","home":"/..."}'
 */
const order = JSON.parse(process.argv[2] ?? '') as { source: Source; stateDir: string; home: string; stores?: object }
const places = {
  stateDir: order.stateDir,
  home: order.home,
  environment: process.env,
  platform: process.platform,
}
try {
  const fetching = { ...fetchingOf({ stores: order.stores ?? {}, timeoutMs: 10_000 }), places }
  process.stdout.write(JSON.stringify({ value: (await fetchSource(order.source, fetching)).value }))
} catch (error) {
  const { code, message } = error instanceof Refusal ? error : { code: 'not a refusal', message: String(error) }
  process.stdout.write(JSON.stringify({ code, detail: message }))
}
