import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { loadConfig } from '../../src/config/load.ts'
import { kinds } from '../../tools/index.ts'
import { makeHome } from '../support/home.ts'
import { type Command, commandsOf, keyholdCalls } from './commands.ts'
import { blocksOf, checkout } from './page.ts'

const home = makeHome()
let commands: readonly Command[] = []
beforeAll(async () => {
  commands = await commandsOf(home)
})
afterAll(() => home.remove())

describe('a configuration in the documents is one that loads', () => {
  test.each(blocksOf('yaml').map(({ place, text }) => [place, text]))('%s', async (_place, text) => {
    expect(text).toMatch(/^version: 1\n/)
    const file = join(home.folder, 'example.yaml')
    writeFileSync(file, text)
    const { config, verbs } = await loadConfig(file, kinds)
    expect(verbs.size).toBeGreaterThanOrEqual(config.tools.length)
    expect(config.unsafe).toEqual([])
  })

  test('keyhold.example.yaml', async () => {
    const { verbs } = await loadConfig(`${checkout}keyhold.example.yaml`, kinds)
    expect([...verbs.keys()]).toEqual(['github_call_api', 'github_list_pulls', 'status_call_api'])
  })

  test('keyhold.example.yaml, with its commented agent', async () => {
    const text = readFileSync(`${checkout}keyhold.example.yaml`, 'utf8')
    const file = join(home.folder, 'uncommented.yaml')
    const uncommented = text
      .replaceAll(/^ {2}# (ci:| {2}(?:token|allow|limits):.*)$/gm, '  $1')
      .replace('"..."', `"${'0'.repeat(64)}"`)
    writeFileSync(file, uncommented)
    expect(Object.keys((parse(uncommented) as { agents: object }).agents)).toEqual(['local', 'ci'])
    await loadConfig(file, kinds)
  })
})

describe('a command line in the documents is one that the program knows', () => {
  const calls = blocksOf('sh').flatMap(({ place, text }) =>
    text
      .split('\n')
      .flatMap(keyholdCalls)
      .map(args => [place, args.join(' '), args] as const),
  )

  test('there are some', () => {
    expect(calls.length).toBeGreaterThan(20)
  })

  test.each(calls)('%s keyhold %s', (_place, _line, args) => {
    const words = args.join(' ')
    const command = commands.find(({ name }) => words === name || words.startsWith(`${name} `))
    expect(command, words).toBeDefined()
    const flags = args.filter(argument => argument.startsWith('-'))
    for (const flag of flags) expect(command?.help).toMatch(new RegExp(`(?:^|[ ,])${flag}(?:[ ,]|$)`, 'm'))
    const takesArgument = /^Usage: keyhold [a-z ]*\[options\] [<[]/m.test(command?.help ?? '')
    const [next] = args.slice((command?.name ?? '').split(' ').length)
    if (next !== undefined && !next.startsWith('-')) expect(takesArgument, `${words}: takes no argument`).toBe(true)
  })
})

test.each(blocksOf('json').map(({ place, text }) => [place, text]))('%s is JSON', (_place, text) => {
  expect(() => JSON.parse(text)).not.toThrow()
})
