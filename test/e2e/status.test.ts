import { chmodSync } from 'node:fs'
import { afterEach, describe, expect, test } from 'vitest'
import { type Home, makeHome } from '../support/home.ts'
import { sceneConfig } from '../support/scene.ts'
import { type Connected, connect, type Revision } from '../support/serving.ts'

let home: Home | null = null
let connected: Connected | null = null
afterEach(async () => {
  await connected?.close()
  home?.remove()
})

const revisions: readonly Revision[] = ['2026-07-28', '2025-11-25']

describe('a configuration that cannot be loaded leaves a server with one tool that says what is wrong', () => {
  test.each(revisions)('in revision %s', async revision => {
    home = makeHome()
    home.writeConfig('version: 1\ntools:\n  github:\n    kind: http\n    alow: []\n')
    connected = await connect(home, 'stdio', revision)
    const { tools } = await connected.client.listTools()
    expect(tools.map(({ name }) => name)).toEqual(['keyhold_status'])
    expect(tools[0]?.description).toContain('keyhold.yaml:5:5 tools.github.alow: unknown key (did you mean allow?)')
    const status = await connected.call('keyhold_status', {})
    expect(status.structured).toMatchObject({
      ok: false,
      problems: expect.arrayContaining([expect.stringContaining('did you mean allow?')]),
    })
    await expect(connected.call('github_call_api', {})).rejects.toMatchObject({ code: -32602 })
  })

  test('also when there is no file at all', async () => {
    home = makeHome()
    connected = await connect(home, 'stdio', '2026-07-28')
    expect((await connected.call('keyhold_status', {})).text).toContain('no such file')
  })

  test('and when the agent is not one for stdio', async () => {
    home = makeHome()
    home.writeConfig(sceneConfig('http://127.0.0.1:9'))
    connected = await connect(home, 'stdio', '2026-07-28', { args: ['--agent', 'remote'] })
    expect((await connected.call('keyhold_status', {})).text).toContain('no agent remote for stdio')
  })
})

test('a configuration that merely lies in the working folder is not used, and the client learns why', async () => {
  home = makeHome()
  home.writeConfig(sceneConfig('http://127.0.0.1:9'))
  delete home.environment['KEYHOLD_CONFIG']
  connected = await connect(home, 'stdio', '2026-07-28')
  expect((await connected.call('keyhold_status', {})).text).toContain('is not used unasked')
})

test('a configuration that others can write is not used', async () => {
  home = makeHome()
  home.writeConfig(sceneConfig('http://127.0.0.1:9'))
  chmodSync(home.environment['KEYHOLD_CONFIG'] as string, 0o666)
  connected = null
  const ran = await home.run(['check'])
  expect(ran.code).toBe(2)
  expect(ran.err).toContain('others can write it: chmod go-w')
})

test('serve stops at once with the problem and exit code 2', async () => {
  home = makeHome()
  home.writeConfig({ ...sceneConfig('http://127.0.0.1:9'), agents: { local: { transport: 'stdio', allow: ['*'] } } })
  const ran = await home.run(['serve'])
  connected = null
  expect(ran.code).toBe(2)
  expect(ran.err).toContain('serving over HTTP needs an agent with a token')
})
