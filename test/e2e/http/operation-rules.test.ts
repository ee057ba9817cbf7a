import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { setAgents } from './tools.ts'

describe('rules of agents are about operations too', () => {
  let agents: Awaited<ReturnType<typeof setAgents>>
  beforeAll(async () => {
    const operation = (request: string) => ({
      request,
      description: 'One.',
      ...(request.startsWith('POST') ? { body: { type: 'object' } } : {}),
    })
    agents = await setAgents(
      {
        all: { allow: ['*'] },
        named: { allow: ['shop_get_issue'] },
        glob: { allow: ['shop_*_issue'], deny: ['shop_add_*'] },
        reading: { allow: ['*(GET /**)'] },
        narrow: { allow: ['shop_get_issue(GET /issues/7)', 'shop_call_api'] },
        nothing: { allow: [] },
      },
      {
        tools: () => ({
          shop: {
            allow: ['GET /issues/:number', 'POST /issues'],
            operations: { get_issue: operation('GET /issues/:number'), add_issue: operation('POST /issues') },
          },
        }),
      },
    )
  })
  afterAll(() => agents.end())

  test.each([
    ['all', ['shop_add_issue', 'shop_call_api', 'shop_get_issue']],
    ['named', ['shop_get_issue']],
    ['glob', ['shop_get_issue']],
    ['reading', ['shop_add_issue', 'shop_call_api', 'shop_get_issue']],
    ['narrow', ['shop_call_api', 'shop_get_issue']],
    ['nothing', []],
  ])('%s sees %j', async (agent, names) => {
    const { tools: all } = await agents.of(agent).client.listTools()
    expect(all.map(({ name }) => name)).toEqual(names)
  })

  const add = { body: { title: 'x' } }
  test.each([
    ['all', 'shop_add_issue', add, true],
    ['named', 'shop_get_issue', { number: '1' }, true],
    ['glob', 'shop_get_issue', { number: '1' }, true],
    ['reading', 'shop_get_issue', { number: '1' }, true],
    ['reading', 'shop_add_issue', add, false],
    ['reading', 'shop_call_api', { method: 'POST', path: '/issues', ...add }, false],
    ['narrow', 'shop_get_issue', { number: '7' }, true],
    ['narrow', 'shop_get_issue', { number: '8' }, false],
    ['narrow', 'shop_call_api', { method: 'GET', path: '/issues/8' }, true],
  ] as const)('%s calls %s %j: %s', async (agent, name, args, permitted) => {
    const before = agents.upstream.requests.length
    const called = await agents.of(agent).call(name, args)
    expect(called.structured).toMatchObject(permitted ? { status: 200 } : { code: 'not_allowed' })
    expect(agents.upstream.requests.length - before).toBe(permitted ? 1 : 0)
    expect(agents.calls().at(-1)).toMatchObject({ agent, mcp_tool: name, outcome: permitted ? 'ok' : 'refused' })
  })

  test.each([
    ['named', 'shop_add_issue'],
    ['glob', 'shop_add_issue'],
    ['nothing', 'shop_get_issue'],
  ])('for %s, %s does not exist', async (agent, name) => {
    await expect(agents.of(agent).call(name, add)).rejects.toThrow('Unknown tool')
  })
})
