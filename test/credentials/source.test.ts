import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Credential } from '../../src/credentials/credential.ts'
import { sourceNeeds } from '../../src/credentials/needs.ts'
import { describeSource, Source } from '../../src/credentials/source.ts'
import { Stores } from '../../src/credentials/stores.ts'

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
    { vault: 'secret/shop#token' },
    { vault: 'team/kv/apps/shop.prod#api-key' },
    { aws_secrets: 'shop/api' },
    { aws_secrets: 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop/api-AbCdEf#token' },
    { systemd: 'shop' },
    { kubernetes: '/var/run/secrets/shop/token' },
  ])('%j is accepted as it is', source => {
    expect(Source.parse(source)).toEqual(source)
    expect(describeSource(source as Source)).toBe(Object.entries(source)[0]?.join(' '))
  })

  test.each([
    [['op', 'read', 'op://shop/api/token']],
    [['/usr/bin/pass', 'show', 'shop', '--flag=$HOME `id`']],
    [['~/bin/get-token']],
    [['C:\\tools\\op.exe', 'read']],
  ])('a command is accepted, and its arguments are not shown: %j', command => {
    const source = Source.parse({ command })
    expect(source).toEqual({ command, environment: [] })
    expect(describeSource(source)).toBe(`command ${command[0]}`)
    const named = { command, environment: ['OP_SESSION', 'GNUPGHOME'] }
    expect(Source.parse(named)).toEqual(named)
  })

  test.each([
    [
      'a literal',
      secret,
      'a literal secret does not belong in this file; name a source: { sealed: NAME }, { keychain: ITEM }, { env: NAME }, { file: PATH }, { command: [PROGRAM, ARGUMENT] }, { vault: "MOUNT/PATH#FIELD" }, { aws_secrets: NAME }, { systemd: NAME } or { kubernetes: PATH }',
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
    ['a command that is a line for a shell', { command: `op read ${secret}` }, 'exactly one source belongs here'],
    ['a command without a program', { command: [] }, 'exactly one source belongs here'],
    ['an empty program', { command: ['', secret] }, 'a program is an absolute path'],
    ['a program below the folder that Keyhold runs in', { command: ['./op', secret] }, 'a program is an absolute path'],
    ['a program in a folder of some place', { command: ['bin/op', secret] }, 'a program is an absolute path'],
    ['a program that looks like an option', { command: ['-c', secret] }, 'a program is an absolute path'],
    ['an argument with a NUL', { command: ['op', `${secret}\0`] }, 'an argument has no control character'],
    ['an argument that is a number', { command: ['op', 7] }, 'exactly one source belongs here'],
    ['a literal as a variable of a command', { command: ['op'], environment: [`${secret}-x`] }, 'a variable is named'],
    ['a variable that changes Node', { command: ['op'], environment: ['NODE_OPTIONS'] }, 'is not handed on'],
    ['a variable that changes every program', { command: ['op'], environment: ['LD_PRELOAD'] }, 'is not handed on'],
    ['variables without a command', { env: 'A', environment: ['B'] }, 'Unrecognized key: "environment"'],
    ['a literal as a path in Vault', { vault: secret }, 'MOUNT/PATH#FIELD'],
    ['a path in Vault without a field', { vault: 'secret/shop' }, 'MOUNT/PATH#FIELD'],
    ['a path in Vault that climbs', { vault: 'secret/../sys/raw#token' }, 'MOUNT/PATH#FIELD'],
    ['a path in Vault with a query', { vault: 'secret/shop?list=true#token' }, 'MOUNT/PATH#FIELD'],
    ['a path in Vault with an escape', { vault: 'secret/%2e%2e/sys#token' }, 'MOUNT/PATH#FIELD'],
    ['a path in Vault that begins at the root', { vault: '/secret/shop#token' }, 'MOUNT/PATH#FIELD'],
    ['a secret of AWS with a space', { aws_secrets: `${secret} x` }, 'the name or the ARN of a secret'],
    ['a secret of AWS with two fields', { aws_secrets: 'shop#a#b' }, 'the name or the ARN of a secret'],
    ['a credential of systemd that climbs', { systemd: '../shop' }, 'an item is named with'],
    ['a relative path in Kubernetes', { kubernetes: 'secrets/token' }, 'a path is absolute or begins with ~/'],
    ['a store that there is none of', { onepassword: secret }, 'exactly one source belongs here'],
    ['a store and a file', { vault: 'secret/shop#token', file: '/run/key' }, 'exactly one source belongs here'],
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
  const nothing = { files: [], writes: [], environment: [], addons: false, children: false }
  const placesOn = (platform: NodeJS.Platform) => ({ stateDir, home: '/home/ann', environment: {}, platform })

  beforeEach(async () => {
    stateDir = await mkdtemp(join(tmpdir(), 'needs-'))
  })
  afterEach(() => rm(stateDir, { recursive: true }))

  test('a variable: that variable', () => {
    expect(sourceNeeds({ env: 'TOKEN' }, placesOn('linux'), {})).toEqual({
      ...nothing,
      files: [],
      environment: ['TOKEN'],
      addons: false,
    })
  })

  test('a file: that file, with the home folder filled in', () => {
    expect(sourceNeeds({ file: '~/.keys/k' }, placesOn('linux'), {})).toEqual({
      ...nothing,
      files: ['/home/ann/.keys/k'],
      environment: [],
      addons: false,
    })
  })

  test('the keychain: the add-on and, on Linux, the way to the session bus', () => {
    expect(sourceNeeds({ keychain: 'github' }, placesOn('linux'), {})).toEqual({
      ...nothing,
      files: [],
      environment: ['DBUS_SESSION_BUS_ADDRESS', 'XDG_RUNTIME_DIR'],
      addons: true,
    })
    expect(sourceNeeds({ keychain: 'github' }, placesOn('darwin'), {})).toEqual({
      ...nothing,
      files: [],
      environment: [],
      addons: true,
    })
  })

  test('a sealed item: its own file and the identity, no other item', () => {
    expect(sourceNeeds({ sealed: 'github' }, placesOn('linux'), {})).toEqual({
      ...nothing,
      files: [join(stateDir, 'sealed/github.age'), join(stateDir, 'identity.keychain'), join(stateDir, 'identity.txt')],
      environment: [],
      addons: false,
    })
  })

  test('a sealed item whose identity is in the keychain: its own file and the keychain', async () => {
    await writeFile(join(stateDir, 'identity.keychain'), '')
    expect(sourceNeeds({ sealed: 'github' }, placesOn('linux'), {})).toEqual({
      ...nothing,
      files: [join(stateDir, 'sealed/github.age'), join(stateDir, 'identity.keychain')],
      environment: ['DBUS_SESSION_BUS_ADDRESS', 'XDG_RUNTIME_DIR'],
      addons: true,
    })
  })

  test('a command: a child process, and of the environment what it gets', () => {
    const source = { command: ['op', 'read'] as [string, ...string[]], environment: ['OP_SESSION'] }
    expect(sourceNeeds(source, placesOn('linux'), {})).toEqual({
      ...nothing,
      environment: ['HOME', 'PATH', 'OP_SESSION'],
      children: true,
    })
  })

  test('a file of systemd: it and the variable that leads to it', () => {
    const places = { ...placesOn('linux'), environment: { CREDENTIALS_DIRECTORY: '/run/credentials/keyhold' } }
    const environment = ['CREDENTIALS_DIRECTORY']
    const files = ['/run/credentials/keyhold/shop']
    expect(sourceNeeds({ systemd: 'shop' }, places, {})).toEqual({ ...nothing, environment, files })
    expect(sourceNeeds({ systemd: 'shop' }, placesOn('linux'), {})).toEqual({ ...nothing, environment })
    const relative = { ...places, environment: { CREDENTIALS_DIRECTORY: 'credentials' } }
    expect(sourceNeeds({ systemd: 'shop' }, relative, {})).toEqual({ ...nothing, environment })
  })

  test('a file of Kubernetes: that file', () => {
    const needs = sourceNeeds({ kubernetes: '/var/run/secrets/shop/token' }, placesOn('linux'), {})
    expect(needs).toEqual({ ...nothing, files: ['/var/run/secrets/shop/token'] })
  })

  test('a store: what opens it, whatever that takes, and its authorities', () => {
    const stores = Stores.parse({
      vault: {
        address: 'https://vault.example.com',
        ca: '/etc/ca.pem',
        login: { approle: { role_id: 'shop', secret_id: { command: ['op'] } } },
      },
      aws: { region: 'eu-west-1', access_key_id: { env: 'KEY_ID' }, secret_access_key: { file: '~/aws.key' } },
    })
    expect(sourceNeeds({ vault: 'secret/shop#token' }, placesOn('linux'), stores)).toEqual({
      ...nothing,
      files: ['/etc/ca.pem'],
      environment: ['HOME', 'PATH'],
      children: true,
    })
    expect(sourceNeeds({ aws_secrets: 'shop' }, placesOn('linux'), stores)).toEqual({
      ...nothing,
      files: ['/home/ann/aws.key'],
      environment: ['KEY_ID'],
    })
  })
})
