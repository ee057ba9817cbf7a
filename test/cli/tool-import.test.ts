import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { type Home, keyholdCommand, makeHome } from '../support/home.ts'
import { Terminal, terminalMissing } from '../support/terminal.ts'

const fixture = (name: string) => new URL(`../openapi/fixtures/${name}`, import.meta.url).pathname
const pets = fixture('petstore-3.0.yaml')
const tracker = fixture('tracker-3.1.json')

let home: Home
let config: string
beforeEach(() => {
  home = makeHome()
  config = join(home.folder, 'keyhold.yaml')
})
afterEach(() => home.remove())

const importing = (...args: string[]) => home.run(['tool', 'import', 'openapi', ...args])
const text = () => readFileSync(config, 'utf8')
const operations = (tool = 'pets') =>
  (parse(text()) as { tools: Record<string, { operations: Record<string, { description: string }> }> }).tools[tool]
    ?.operations
/** The configuration, and what a write of it might have left behind. */
const files = () => readdirSync(home.folder).filter(name => name.includes('keyhold'))

describe('without a choice nothing is imported', () => {
  test('the operations are listed', async () => {
    const { code, out, err } = await importing(pets, '--tool', 'pets')
    expect(code).toBe(2)
    expect(out).toMatch(/^listPets +GET \/pets {2}\[pets\]\n/)
    expect(out).toContain('GET /orders/{order-id}/lines/{id}/  [orders]\n')
    expect(err).toBe('keyhold: nothing is imported unless it is chosen: --only ID,ID or --tag TAG\n')
    expect(files()).toEqual([])
  })

  test('for programs too', async () => {
    const { code, out } = await importing(tracker, '--tool', 'tracker', '--json')
    expect(code).toBe(2)
    expect(JSON.parse(out).operations[0]).toEqual({
      id: 'issues/list',
      method: 'GET',
      path: '/issues',
      tags: ['issues'],
    })
    expect(files()).toEqual([])
  })
})

describe('a first import', () => {
  test('makes the file and the tool, says what it added, and the tools are there', async () => {
    const { code, out, err } = await importing(pets, '--tool', 'pets', '--only', 'listPets, getPet')
    expect([code, err]).toEqual([0, ''])
    expect(out).toContain('\n+      list_pets:\n')
    expect(out).toContain('\nadded: pets_list_pets (GET /pets)\nadded: pets_get_pet (GET /pets/:petId)\nnote: ')
    expect(out).toMatch(/\nwritten to .*keyhold\.yaml\n$/)
    expect(out).not.toContain('\x1b')
    expect(text()).toMatch(
      /^version: 1\n\ntools:\n {2}pets:\n {4}kind: http\n {4}description: Pet shop of Springfield\n/,
    )
    expect(files()).toEqual(['keyhold.yaml'])
    const list = await home.run(['tool', 'list', '--json'])
    expect(JSON.parse(list.out).tools.map((tool: { name: string }) => tool.name)).toEqual([
      'pets_get_pet',
      'pets_list_pets',
    ])
  })

  test('leaves everything else in the file as it is', async () => {
    const mine =
      '# Mine.\nversion: 1\ncredentials:\n  shop:  { type: bearer, token: { sealed: shop } }   # old one\ntools: {}\n'
    home.writeConfig(mine)
    const { code } = await importing(pets, '--tool', 'pets', '--tag', 'pets', '--credential', 'shop')
    expect(code).toBe(0)
    expect(text()).toContain(mine.replace('tools: {}\n', 'tools:\n  pets:\n    kind: http\n'))
    expect(text()).toContain('\n    credential: shop\n    operations:\n')
  })

  test('tells a program what it did', async () => {
    const { out } = await importing(
      tracker,
      '--tool',
      'tr',
      '--tag',
      'issues',
      '--server',
      'https://us.tracker.example/v1',
      '--json',
    )
    expect(JSON.parse(out)).toMatchObject({
      file: config,
      tool: 'tr',
      base_url: 'https://us.tracker.example/v1',
      added: ['issues_list', 'issues_create', 'issues_get'],
      changed: [],
      removed: [],
      written: true,
    })
  })

  test('with --tag leaves out what cannot be had, with --only refuses it', async () => {
    const tag = await importing(pets, '--tool', 'pets', '--tag', 'pets')
    expect(tag.code).toBe(0)
    expect(tag.out).toContain(
      'note: setPhoto is left out: its body is sent as image/png; only JSON and forms are possible\n',
    )
    const before = text()
    const only = await importing(pets, '--tool', 'other', '--only', 'getPet,setPhoto')
    expect([only.code, only.out]).toEqual([1, ''])
    expect(only.err).toContain('setPhoto cannot be imported: its body is sent as image/png')
    expect(text()).toBe(before)
  })
})

describe('importing again', () => {
  beforeEach(async () => {
    await importing(pets, '--tool', 'pets', '--only', 'listPets,getPet')
    writeFileSync(config, text().replace('description: One pet', 'description: One pet, by hand # mine'))
  })

  test('says so when nothing changes', async () => {
    const before = text()
    const { code, out } = await importing(pets, '--tool', 'pets', '--only', 'listPets')
    expect(code).toBe(0)
    expect(out).toMatch(/\nnothing changes\n$/)
    expect(text()).toBe(before)
  })

  test('shows what would change, and without an answer changes nothing', async () => {
    const before = text()
    const { code, out, err } = await importing(pets, '--tool', 'pets', '--only', 'getPet,createPet')
    expect(code).toBe(1)
    expect(out).toContain('\n-        description: One pet, by hand # mine\n+        description: One pet\n')
    expect(out).toContain('added: pets_create_pet (POST /pets)\nchanged: pets_get_pet (GET /pets/:petId)\n')
    expect(err).toContain('needs --yes')
    expect([text(), files()]).toEqual([before, ['keyhold.yaml']])
  })

  test('with --yes changes it, and leaves operations of other names alone', async () => {
    const { code } = await importing(pets, '--tool', 'pets', '--only', 'getPet', '--yes')
    expect(code).toBe(0)
    expect(operations()?.['get_pet']?.description).toBe('One pet')
    expect(Object.keys(operations() ?? {})).toEqual(['list_pets', 'get_pet'])
  })

  test('with --dry-run writes nothing, with --yes neither', async () => {
    const before = text()
    const { code, out } = await importing(pets, '--tool', 'pets', '--only', 'getPet', '--dry-run', '--yes')
    expect(code).toBe(0)
    expect(out).toContain('+        description: One pet\n')
    expect([text(), files()]).toEqual([before, ['keyhold.yaml']])
  })

  test('a program that did not say --yes is told that nothing was written', async () => {
    const { code, out } = await importing(pets, '--tool', 'pets', '--only', 'getPet', '--json')
    expect(code).toBe(1)
    expect(JSON.parse(out)).toMatchObject({ added: [], changed: ['get_pet'], written: false })
  })

  const missing = terminalMissing()
  test.skipIf(missing !== null).each([
    ['y\r', 0, 'One pet'],
    ['n\r', 1, 'One pet, by hand'],
    ['\r', 1, 'One pet, by hand'],
    ['\x04', 1, 'One pet, by hand'],
  ])(
    `at a terminal it asks: %j${missing === null ? '' : ` (skipped: ${missing})`}`,
    async (answer, code, description) => {
      const words = ['tool', 'import', 'openapi', pets, '--tool', 'pets', '--only', 'getPet', '--config', config]
      const terminal = new Terminal(['env', '-u', 'NO_COLOR', process.execPath, keyholdCommand, ...words])
      await terminal.showing('Write this? [y/N] ')
      expect(terminal.shown).toContain('\x1b[32m+        description: One pet')
      terminal.type(answer)
      expect(await terminal.exited).toBe(code)
      expect(operations()?.['get_pet']?.description).toBe(description)
    },
  )
})

describe('what is refused, with nothing written', () => {
  const write = (name: string, content: string | Buffer) => {
    const file = join(home.folder, name)
    writeFileSync(file, content)
    return file
  }

  test.each<[string, string[], string, number]>([
    ['an operation that is not there', [pets, '--only', 'listPet'], 'did you mean listPets?', 2],
    ['a tag that is not there', [pets, '--tag', 'pet'], 'did you mean pets?', 2],
    ['both choices', [pets, '--only', 'listPets', '--tag', 'pets'], 'not both', 2],
    ['a document that is not there', ['/nowhere.yaml', '--tag', 'x'], '/nowhere.yaml does not exist', 2],
    ['a folder', ['/', '--tag', 'x'], '/ is not a file', 2],
    ['several servers', [tracker, '--tag', 'issues'], 'say which with --server URL', 2],
    ['a server that is none', [tracker, '--tag', 'issues', '--server', 'ftp://x'], '--server', 2],
    [
      'a credential that is not there',
      [pets, '--tag', 'pets', '--credential', 'nobody'],
      'no credential is called nobody',
      2,
    ],
  ])('%s', async (_what, args, message, code) => {
    const ran = await importing(...args, '--tool', 'pets')
    expect([ran.code, ran.out]).toEqual([code, ''])
    expect(ran.err).toContain(message)
    expect(files()).toEqual([])
  })

  test('a name that no tool can have', async () => {
    for (const name of ['Pets', 'a.b', '__proto__', '']) {
      const ran = await importing(pets, '--tool', name, '--tag', 'pets')
      expect([ran.code, ran.out]).toEqual([2, ''])
      expect(ran.err).toContain('--tool: a name is')
    }
  })

  test('too large a document, and bytes that are no UTF-8', async () => {
    const large = write('large.json', Buffer.alloc(33_554_433, 32))
    expect((await importing(large, '--tool', 'a', '--tag', 'x')).err).toContain('is larger than 33554432 bytes')
    const bytes = write('bytes.json', Buffer.from([0x7b, 0xff]))
    expect((await importing(bytes, '--tool', 'a', '--tag', 'x')).err).toContain('is not valid UTF-8')
  })

  test.each<[string, object, string[], string]>([
    [
      'another host',
      { base_url: 'https://other.example' },
      [],
      'goes to https://other.example, and these operations to https://pets.example.com/api/v2',
    ],
    [
      'another credential',
      { base_url: 'https://pets.example.com/api/v2', credential: 'a' },
      ['--credential', 'b'],
      'uses the credential a, not b',
    ],
    ['another kind', { kind: 'git' }, [], 'is not of kind http'],
  ])('a tool with %s', async (_what, tool, args, message) => {
    home.writeConfig({ version: 1, tools: { pets: { kind: 'http', description: 'x', allow: ['GET /'], ...tool } } })
    const before = text()
    const ran = await importing(pets, '--tool', 'pets', '--tag', 'pets', ...args)
    expect([ran.code, ran.out, text()]).toEqual([2, '', before])
    expect(ran.err).toContain(message)
  })

  test('a configuration that would not load with it', async () => {
    home.writeConfig('version: 1\ntools: {}\nagnts: {}\n')
    const before = text()
    const ran = await importing(pets, '--tool', 'pets', '--tag', 'pets')
    expect([ran.code, ran.out, text(), files()]).toEqual([2, '', before, ['keyhold.yaml']])
    expect(ran.err).toContain('would not load with these operations; nothing was written\n')
    expect(ran.err).toMatch(/keyhold\.yaml:\d+:1 agnts: unknown key \(did you mean agents\?\)\n$/)
  })

  test('a hostile document sends no escape sequence to the terminal and brings no key of its own', async () => {
    const hostile = {
      openapi: '3.1.0\u001b',
      info: { title: 'x\u001b]0;owned\u0007\ntools: {}', version: '1' },
      servers: [{ url: 'https://api.example.com' }],
      paths: {
        '/a\u001b[2J': { get: { operationId: 'one\n\u001b[2J', tags: ['t'] } },
        '/b': {
          get: {
            operationId: 'two\nallow: [GET /**]',
            tags: ['t'],
            summary: 'S\r\n    unsafe_plain_http: true\u001b[1m',
            parameters: [
              { name: 'q\u001b[1m', in: 'query', schema: {} },
              { name: 'x-\u001b[1m', in: 'header' },
            ],
          },
        },
      },
    }
    const file = write('hostile.json', JSON.stringify({ ...hostile, openapi: '3.1.0' }))
    const listed = await importing(file, '--tool', 'a')
    const { code, out, err } = await importing(file, '--tool', 'a', '--tag', 't')
    expect(code).toBe(0)
    for (const shown of [listed.out, listed.err, out, err, text()])
      expect(shown).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/)
    expect(parse(text())).toEqual({
      version: 1,
      tools: {
        a: {
          kind: 'http',
          description: 'x ]0;owned tools: {}',
          base_url: 'https://api.example.com',
          operations: { two_allow_get: { request: 'GET /b', description: 'S unsafe_plain_http: true [1m' } },
        },
      },
    })
  })
})
