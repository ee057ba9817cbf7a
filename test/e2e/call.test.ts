import { afterEach, describe, expect, test } from 'vitest'
import { findForms } from '../support/forms.ts'
import { type Scene, secretToken, setScene } from '../support/scene.ts'
import { combinations } from '../support/serving.ts'

let scene: Scene | null = null
afterEach(async () => {
  await scene?.end()
  scene = null
})

describe.each(combinations)('over %s in revision %s', (transport, revision) => {
  test('an allowed call reaches the API with the key, and the agent gets the answer without it', async () => {
    scene = await setScene({ transport, revision })
    const called = await scene.call('github_call_api', {
      method: 'GET',
      path: '/repos/acme/shop/issues',
      query: { state: 'open' },
    })
    expect(called.isError).toBe(false)
    expect(called.structured).toMatchObject({
      status: 200,
      truncated: false,
      body: { url: '/repos/acme/shop/issues?state=open' },
    })
    expect(JSON.parse(called.text)).toEqual(called.structured)
    expect(scene.upstream.requests.map(({ headers }) => headers.authorization)).toEqual([`Bearer ${secretToken}`])
    expect(scene.upstream.bytes()).toContain(`authorization: Bearer ${secretToken}`)
    expect(findForms(called.raw, secretToken)).toEqual([])
    expect(called.raw).toContain('Bearer [credential github]')
    expect(scene.calls()).toMatchObject([
      {
        agent: transport === 'stdio' ? 'local' : 'remote',
        transport,
        mcp_tool: 'github_call_api',
        tool: 'github',
        kind: 'http',
        operation: { action: 'GET', resource: '/repos/acme/shop/issues', access: 'read' },
        decision: { effect: 'allow', by: 'GET /repos/acme/shop/issues' },
        credential: { name: 'github', fingerprint: expect.stringMatching(/^[0-9a-f]{12}$/) },
        outcome: 'ok',
        status: 200,
        closed: true,
      },
    ])
  })

  test('a call outside of the scope sends nothing, leases nothing, and says what is allowed', async () => {
    scene = await setScene({ transport, revision })
    const called = await scene.call('github_call_api', { method: 'DELETE', path: '/repos/acme/shop' })
    expect(called).toMatchObject({
      isError: true,
      structured: { code: 'not_allowed', allowed: expect.arrayContaining(['GET /repos/acme/shop/issues']) },
    })
    expect(called.text).toContain('[not_allowed]')
    expect(called.text).toContain('GET /repos/acme/shop/issues')
    expect(scene.upstream.bytes()).toBe('')
    expect(scene.events('credential.leased')).toEqual([])
    expect(scene.calls()).toMatchObject([{ outcome: 'refused', code: 'not_allowed', closed: true }])
  })

  test('an unknown tool is a protocol error, and is on record', async () => {
    scene = await setScene({ transport, revision })
    await expect(scene.call('github_delete_everything', {})).rejects.toMatchObject({ code: -32602 })
    expect(scene.upstream.connections()).toBe(0)
    expect(scene.calls()).toMatchObject([{ mcp_tool: 'github_delete_everything', outcome: 'refused', closed: true }])
  })

  test('the list of tools shows the scope, is sorted, and is the same every time', async () => {
    scene = await setScene({ transport, revision })
    const first = await scene.client.listTools()
    const again = await scene.client.listTools()
    expect(again.tools).toEqual(first.tools)
    expect(first.tools).toMatchObject([
      {
        name: 'github_call_api',
        inputSchema: { properties: { method: { enum: ['GET', 'POST'] } }, additionalProperties: false },
        annotations: { readOnlyHint: false, destructiveHint: true },
      },
    ])
    expect(first.tools[0]?.description).toContain('GET /repos/acme/shop/issues/:number')
  })
})
