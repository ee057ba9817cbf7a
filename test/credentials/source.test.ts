import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Credential } from '../../src/credentials/credential.ts'
import { describeSource, Source, sourceNeeds } from '../../src/credentials/source.ts'

const secret = 'ghp_0123456789abcdefABCDEF'

describe('a source in the configuration', () => {
  test.each([
    { env: 'GITHUB_TOKEN' },
    { env: '_x1' },
    { file: '/run/secrets/github' },
    { file: '~/.keys/github key.txt' },
    { file: 'C:\\keys\\github.txt' },
    { keychain: 'github' },
    { sealed: 'a.b_c-D9' },
    { sealed: 'x'.repeat(64) },
  ])('%j is accepted as it is', source => {
    expect(Source.parse(source)).toEqual(source)
    expect(describeSource(source as Source)).toBe(Object.entries(source)[0]?.join(' '))
  })

  test.each([
    [
      'a literal',
      secret,
      'a literal secret does not belong in this file; name a source: { sealed: NAME }, { keychain: ITEM }, { env: NAME } or { file: PATH }',
    ],
    ['nothing', null, 'exactly one source belongs here'],
    ['a number', 12345678, 'exactly one source belongs here'],
    ['a list', [secret], 'exactly one source belongs here'],
    ['an empty mapping', {}, 'exactly one source belongs here'],
    ['two sources', { env: 'A', sealed: secret }, 'exactly one source belongs here'],
    ['a literal in braces', { [secret]: null }, 'exactly one source belongs here'],
    ['a literal under an unknown key', { value: secret }, 'exactly one source belongs here'],
    ['a literal as a variable', { env: `${secret}-x` }, 'a variable is named with'],
    ['a literal as a path', { file: secret }, 'a path is absolute or begins with ~/'],
    ['a relative path', { file: '../key' }, 'a path is absolute or begins with ~/'],
    ['a pattern of paths', { file: '/run/secrets/*' }, 'a path names one file'],
    ['a folder', { file: '/run/secrets/' }, 'a path names one file'],
    ['a path with a NUL', { file: '/run/\0' }, 'a path names one file'],
    ['an item that climbs', { sealed: '../identity' }, 'an item is named with'],
    ['a hidden item', { sealed: '.x' }, 'an item is named with'],
    ['an item with a line break', { keychain: 'x\n' }, 'an item is named with'],
    ['an empty item', { keychain: '' }, 'an item is named with'],
    ['an item that is too long', { sealed: 'x'.repeat(65) }, 'an item is named with'],
  ])('%s is refused with a reason that does not repeat it', (_, source, reason) => {
    const { error } = Credential.safeParse({ type: 'bearer', token: source })
    expect(error?.issues).toHaveLength(1)
    expect(error?.issues[0]?.message).toContain(reason)
    expect(error?.issues[0]?.path[0]).toBe('token')
    expect(error?.issues.map(issue => issue.message).join()).not.toContain(secret)
  })
})

describe('what a worker needs to read a source', () => {
  let stateDir = ''
  const placesOn = (platform: NodeJS.Platform) => ({ stateDir, home: '/home/ann', environment: {}, platform })

  beforeEach(async () => {
    stateDir = await mkdtemp(join(tmpdir(), 'needs-'))
  })
  afterEach(() => rm(stateDir, { recursive: true }))

  test('a variable: that variable', () => {
    expect(sourceNeeds({ env: 'TOKEN' }, placesOn('linux'))).toEqual({
      files: [],
      environment: ['TOKEN'],
      addons: false,
    })
  })

  test('a file: that file, with the home folder filled in', () => {
    expect(sourceNeeds({ file: '~/.keys/k' }, placesOn('linux'))).toEqual({
      files: ['/home/ann/.keys/k'],
      environment: [],
      addons: false,
    })
  })

  test('the keychain: the add-on and, on Linux, the way to the session bus', () => {
    expect(sourceNeeds({ keychain: 'github' }, placesOn('linux'))).toEqual({
      files: [],
      environment: ['DBUS_SESSION_BUS_ADDRESS', 'XDG_RUNTIME_DIR'],
      addons: true,
    })
    expect(sourceNeeds({ keychain: 'github' }, placesOn('darwin'))).toEqual({
      files: [],
      environment: [],
      addons: true,
    })
  })

  test('a sealed item: its own file and the identity, no other item', () => {
    expect(sourceNeeds({ sealed: 'github' }, placesOn('linux'))).toEqual({
      files: [join(stateDir, 'sealed/github.age'), join(stateDir, 'identity.keychain'), join(stateDir, 'identity.txt')],
      environment: [],
      addons: false,
    })
  })

  test('a sealed item whose identity is in the keychain: its own file and the keychain', async () => {
    await writeFile(join(stateDir, 'identity.keychain'), '')
    expect(sourceNeeds({ sealed: 'github' }, placesOn('linux'))).toEqual({
      files: [join(stateDir, 'sealed/github.age'), join(stateDir, 'identity.keychain')],
      environment: ['DBUS_SESSION_BUS_ADDRESS', 'XDG_RUNTIME_DIR'],
      addons: true,
    })
  })
})
