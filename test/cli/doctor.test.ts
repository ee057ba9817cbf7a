import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Home, makeHome } from '../support/home.ts'
import { giveAway, otherUserMissing, runAsOther } from '../support/other-user.ts'
import { sceneConfig, secretToken } from '../support/scene.ts'
import { startUpstream, type Upstream } from '../support/upstream.ts'

const missing = otherUserMissing()
/** A name that says why its test is left out, where it is. */
const named = (name: string) => (missing === null ? name : `${name} (left out: ${missing})`)

let home: Home
let upstream: Upstream
beforeEach(async () => {
  upstream = await startUpstream()
  home = makeHome()
  home.writeConfig(sceneConfig(upstream.url))
})
afterEach(async () => {
  home.remove()
  await upstream.close()
})

interface Check {
  readonly check: string
  readonly state: 'ok' | 'warn' | 'fail'
  readonly found: string
  readonly todo?: string
}

async function examined(): Promise<{
  readonly code: number
  readonly ok: boolean
  readonly of: Record<string, Check>
}> {
  const { code, out, err } = await home.run(['doctor', '--json'])
  expect(err).toBe('')
  const { ok, checks } = JSON.parse(out) as { readonly ok: boolean; readonly checks: readonly Check[] }
  return { code, ok, of: Object.fromEntries(checks.map(check => [check.check, check])) }
}

describe('keyhold doctor', () => {
  test.skipIf(missing !== null)(
    named('has nothing to say against an installation that is as it should be'),
    async () => {
      await home.seal('github', secretToken)
      giveAway(home)
      const { code, out, err } = await runAsOther(home, ['doctor'])
      expect([code, err]).toEqual([0, ''])
      expect(out).toMatch(/^ok {4}hardened mode +other processes of this user cannot look into workers$/m)
      expect(out).toMatch(/^ok {4}core dumps +off for workers$/m)
      expect(out).toMatch(/^ok {4}tool github +its worker starts and answers \(\d+ ms\)$/m)
      expect(out).not.toMatch(/^(?:warn|fail)/m)
      expect(out).toMatch(/\n\nAll is well\.\n$/)
    },
  )

  test('makes no call, reads no credential, and writes no record', async () => {
    // Were it read, this one would have to be missed.
    const { code, of } = await examined()
    expect([code, of['tool github']?.state]).toEqual([0, 'ok'])
    expect(upstream.connections()).toBe(0)
    expect(() => home.auditText()).toThrow('ENOENT')
  })

  test('says of a fresh machine that nothing is wrong', async () => {
    const { of } = await examined()
    for (const name of ['state folder', 'installation key', 'audit folder', 'sealed identity']) {
      expect(of[name]).toMatchObject({ state: 'ok', found: expect.stringContaining('made when it is needed') })
    }
  })

  test('fails on a configuration that cannot be loaded, with its problems, and goes on', async () => {
    home.writeConfig({ version: 1, toolz: {} })
    const { code, ok, of } = await examined()
    expect([code, ok]).toEqual([1, false])
    expect(of['configuration']).toMatchObject({ state: 'fail', found: expect.stringContaining('toolz') })
    expect(of['core dumps']?.state).toBe('ok')
  })

  test('warns of what is unsafe', async () => {
    home.writeConfig(sceneConfig('http://api.internal.example', { tool: { unsafe_plain_http: true } }))
    const { code, of } = await examined()
    expect(code).toBe(0)
    expect(of['configuration']).toMatchObject({
      state: 'warn',
      found: 'tools.github.unsafe_plain_http is switched on',
    })
  })

  const damages: readonly (readonly [string, string, (state: string) => void, string])[] = [
    ['others may write into the state folder', 'state folder', state => chmodSync(state, 0o777), 'chmod 700'],
    [
      'others may read the identity',
      'sealed identity',
      state => chmodSync(join(state, 'identity.txt'), 0o644),
      'chmod',
    ],
    ['the identity is gone', 'sealed identity', state => rmSync(join(state, 'identity.txt')), 'restore it'],
    [
      'the installation key is damaged',
      'installation key',
      state => writeFileSync(join(state, 'installation.key'), 'xx', { mode: 0o600 }),
      'restore',
    ],
  ]
  test.each(damages)('fails where %s', async (_what, check, damage, todo) => {
    await home.seal('github', secretToken)
    damage(join(home.folder, 'state', 'keyhold'))
    const { code, of } = await examined()
    expect(code).toBe(1)
    expect(of[check]).toMatchObject({ state: 'fail', todo: expect.stringContaining(todo) })
  })

  test('fails where the worker of a tool does not start', async () => {
    const launcher = join(home.folder, 'node')
    writeFileSync(launcher, '#!/bin/sh\nexit 1\n', { mode: 0o755 })
    const gate = new URL('../support/gate-with-launcher.ts', import.meta.url).pathname
    const { status, stdout } = spawnSync(process.execPath, [gate, launcher, 'doctor'], {
      env: home.environment,
      cwd: home.folder,
      encoding: 'utf8',
    })
    expect(status).toBe(1)
    expect(stdout).toMatch(/^fail +tool github +its worker does not start\n +-> call the tool once/m)
  })

  test('fails where the keychain does not answer, if a credential is there', async () => {
    home.writeConfig({
      ...sceneConfig(upstream.url),
      credentials: { github: { type: 'bearer', token: { keychain: 'github' } } },
    })
    const { code, of } = await examined()
    expect(code).toBe(1)
    expect(of['keychain']).toMatchObject({ state: 'fail', found: expect.stringContaining('D-Bus session') })
  })

  test.skipIf(missing !== null)(named('fails where the audit log cannot be written'), async () => {
    giveAway(home)
    const folder = join(home.folder, 'not-ours')
    mkdirSync(folder, { mode: 0o500 })
    home.writeConfig({ ...sceneConfig(upstream.url), audit: { dir: join(folder, 'audit') } })
    const { code, out } = await runAsOther(home, ['doctor'])
    expect(code).toBe(1)
    expect(out).toMatch(/^fail +audit folder +.*not-ours cannot be written\n +-> give this user/m)
  })

  test.skipIf(process.geteuid?.() !== 0)('warns root that its processes can look into workers', async () => {
    const { code, of } = await examined()
    expect(code).toBe(0)
    expect(of['hardened mode']).toMatchObject({ state: 'warn', todo: 'run keyhold as a user of its own' })
  })
})
