import { expect } from 'vitest'
import { type CustomScene, watch } from './custom-scene.ts'
import type { Received, Upstream } from './upstream.ts'

/** An attack: a name for it, the arguments, and the code of the refusal. */
export type Attack = readonly [what: string, args: unknown, code: 'invalid_input' | 'not_allowed']

/** Shortens what stands in a test's name. */
export function shown(text: unknown): string {
  const json = JSON.stringify(text) ?? 'undefined'
  return json.length > 90 ? `${json.slice(0, 90)}…` : json
}

/** Makes a call that has to be refused with this code, of which not one byte may leave, and no worker may hear. */
export async function refused(
  scene: CustomScene,
  upstream: Upstream,
  mcpTool: string,
  args: unknown,
  code: string,
): Promise<void> {
  const since = watch(upstream)
  const called = await scene.call(mcpTool, args)
  expect(called.structured['code'] ?? called.raw).toBe(code)
  expect(called.isError).toBe(true)
  expect(since.bytes()).toBe('')
}

/** Makes a call that has to be answered; gives the one request that left. */
export async function sent(scene: CustomScene, upstream: Upstream, mcpTool: string, args: unknown): Promise<Received> {
  const since = watch(upstream)
  const called = await scene.call(mcpTool, args)
  expect(called.raw).toContain('"status":200')
  expect(called.isError).toBe(false)
  const [request, ...more] = since.requests()
  expect(more).toEqual([])
  return request as Received
}
