import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { maxBodyBytes, type Stage, setStage } from './stage.ts'
import { call, type Era, eras, type Post, post, request, Wire } from './wire.ts'

let stage: Stage
const wires: Wire[] = []

beforeEach(async () => {
  stage = await setStage()
})
afterEach(async () => {
  for (const wire of wires.splice(0)) wire.cut()
  await stage.close(0)
})

async function open(): Promise<Wire> {
  const wire = await Wire.open(stage.url)
  wires.push(wire)
  return wire
}

/** Sends one POST on a connection of its own and gives the answer's status, headers and body. */
async function send(sent: Post): Promise<Response> {
  const { method, path, headers, body } = { method: 'POST', path: '/mcp', ...sent }
  const wire = await open()
  await wire.write(post(stage.url, { headers: { connection: 'close', ...headers }, body }))
  const [head, ...rest] = (await wire.closed()).split('\r\n\r\n')
  return new Response(rest.join('\r\n\r\n'), { status: Number(/^HTTP\/1\.1 (\d+)/.exec(head ?? '')?.[1]) , headers: parseHeaders(head ?? '', method, path)})
}
