import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { afterEach, expect, test } from 'vitest'
import { findForms } from '../support/forms.ts'
import { makeHome } from '../support/home.ts'
import { secretToken } from '../support/scene.ts'
import { calling, newClient } from '../support/serving.ts'
import { startUpstream } from '../support/upstream.ts'
import { keyholdCalls } from './commands.ts'
import { blocksOf, checkout } from './page.ts'

const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

const linesOf = (language: string) =>
  blocksOf(language, ['README.md']).flatMap(({ text }) => text.split('\n').filter(line => line !== ''))

interface Registration {
  readonly mcpServers: { readonly keyhold: { readonly command: string; readonly args: readonly string[] } }
}

test('the quick start of the README works from its first line to its last', async () => {
  const upstream = await startUpstream()
  const home = makeHome()
  cleanUps.push(
    () => home.remove(),
    () => upstream.close(),
  )
  const [configuration] = blocksOf('yaml', ['README.md'])
  home.writeConfig((configuration?.text ?? '').replace('https://api.github.com', upstream.url))

  const calls = linesOf('sh').flatMap(keyholdCalls)
  const [before, after] = [calls.filter(([noun]) => noun !== 'audit'), calls.filter(([noun]) => noun === 'audit')]
  for (const line of before.filter(([noun]) => noun !== 'stdio')) {
    expect(await home.run(line, secretToken), line.join(' ')).toMatchObject({ code: 0, err: '' })
  }

  const [registration] = blocksOf('json', ['README.md'])
  const { command, args } = (JSON.parse(registration?.text ?? '') as Registration).mcpServers.keyhold
  const here = (argument: string) =>
    argument
      .replace('/path/to/keyhold/', checkout)
      .replace('/path/to/keyhold.yaml', home.environment['KEYHOLD_CONFIG'] ?? '')
  expect(command).toBe('node')
  const client = newClient('2026-07-28')
  await client.connect(
    new StdioClientTransport({
      command: process.execPath,
      args: args.map(here),
      env: home.environment,
      cwd: home.folder,
    }),
  )
  cleanUps.push(() => client.close())
  const { call } = calling(client)
  const comments = '/repos/acme/shop/issues/7/comments'
  const done = await call('github_call_api', { method: 'POST', path: comments, body: { body: 'Looks good.' } })
  expect(done.structured['status']).toBe(200)
  expect(upstream.requests[0]?.headers).toMatchObject({
    authorization: `Bearer ${secretToken}`,
    'user-agent': 'keyhold',
  })
  expect(findForms(done.raw, secretToken)).toEqual([])
  const refused = await call('github_call_api', { method: 'POST', path: comments, body: { body: 'x', by: 'me' } })
  expect(refused.structured['code']).toBe('not_allowed')
  expect(upstream.requests).toHaveLength(1)

  for (const line of after) {
    // Following does not end by itself.
    const { code, out } = await home.run(line.filter(argument => argument !== '--follow'))
    expect(code, line.join(' ')).toBe(0)
    expect(out).toMatch(/not_allowed|OK: 1 chain/)
  }
})
