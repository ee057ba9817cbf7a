import { readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import { hash, randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { afterEach, describe, expect, test } from 'vitest'
import { harden } from '../../src/workers/hardened.ts'
import { launchOf } from '../../src/workers/launch.ts'
import { type Home, keyholdCommand, makeHome } from '../support/home.ts'
import { asOther, giveAway, otherUserMissing, scriptAsOther, serveAsOther } from '../support/other-user.ts'
import { argumentsOf, childrenOf, coreLimitOf, isRunning } from '../support/processes.ts'
import { agentToken, sceneConfig, secretToken } from '../support/scene.ts'
import { calling, type Connected, httpTransport, newClient, startServe } from '../support/serving.ts'
import { startUpstream } from '../support/upstream.ts'

const missing = otherUserMissing()
/** A name that says why its tests are left out, where they are. */
const named = (name: string) => (missing === null ? name : `${name} (left out: ${missing})`)

const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

const issues = { method: 'GET', path: '/repos/acme/shop/issues' }

async function makeInstallation(tool: Record<string, unknown> = {}) {
  const upstream = await startUpstream()
  const home = makeHome()
  cleanUps.push(
    () => home.remove(),
    () => upstream.close(),
  )
  await home.seal('github', secretToken)
  home.writeConfig(sceneConfig(upstream.url, { tool }))
  giveAway(home)
  return { home, upstream }
}

type Client = Pick<Connected, 'call'> & { readonly pid: number; log(): string }

/** A client of `keyhold serve` that runs as a user without rights. */
async function served(home: Home): Promise<Client> {
  const server = await serveAsOther(home)
  const client = newClient('2026-07-28')
  await client.connect(httpTransport(server.url, agentToken))
  cleanUps.push(
    () => server.stop(),
    () => client.close(),
  )
  return { ...calling(client), pid: server.pid, log: () => server.log() }
}

/** A client of `keyhold stdio` that runs as a user without rights. */
async function overStdio(home: Home): Promise<Client> {
  const [command, ...args] = asOther([process.execPath, keyholdCommand, 'stdio', '--log-level', 'info'])
  const wire = new StdioClientTransport({ command, args, env: home.environment, cwd: home.folder, stderr: 'pipe' })
  let log = ''
  wire.stderr?.on('data', (chunk: Buffer) => {
    log += chunk.toString()
  })
  const client = newClient('2026-07-28')
  await client.connect(wire)
  cleanUps.push(() => client.close())
  return { ...calling(client), pid: wire.pid ?? 0, log: () => log }
}

/** What a process of the same user gets of another one. */
async function seenBySameUser(home: Home, pid: number): Promise<Record<string, string>> {
  const script = `
    const fs = require('node:fs')
    const tries = {
      mem: f => fs.closeSync(fs.openSync(f, 'r')), environ: fs.readFileSync, maps: fs.readFileSync,
      fd: fs.readdirSync, exe: fs.readlinkSync, auxv: fs.readFileSync,
    }
    const of = name => { try { tries[name]('/proc/' + process.argv[1] + '/' + name); return 'read' } catch (error) { return error.code } }
    process.stdout.write(JSON.stringify(Object.fromEntries(Object.keys(tries).map(name => [name, of(name)]))))`
  return JSON.parse((await scriptAsOther(home, script, [String(pid)])).out) as Record<string, string>
}

const everything = (what: string) => ({ mem: what, environ: what, maps: what, fd: what, exe: what, auxv: what })

describe.skipIf(missing !== null)(named('a hardened worker'), () => {
  const ways: readonly (readonly [string, (home: Home) => Promise<Client>])[] = [
    ['serve', served],
    ['stdio', overStdio],
  ]
  test.each(ways)('of %s is closed to every other process of its user', async (_way, start) => {
    const { home, upstream } = await makeInstallation()
    const client = await start(home)
    for (let round = 0; round < 3; round++) {
      expect((await client.call('github_call_api', issues)).isError).toBe(false)
      const [worker] = childrenOf(client.pid) as [number]
      // The gate can be looked into, or this would prove nothing. (Its memory cannot where Yama restricts tracing.)
      expect({ ...(await seenBySameUser(home, client.pid)), mem: 'read' }).toEqual(everything('read'))
      expect(await seenBySameUser(home, worker)).toEqual(everything('EACCES'))
      process.kill(worker, 'SIGKILL') // the next one is as closed
    }
    expect(upstream.requests[0]?.headers.authorization).toBe(`Bearer ${secretToken}`)
    expect(home.auditLines().find(({ event }) => event === 'server.started')).toMatchObject({ hardened: true })
    expect(client.log()).toContain('"hardened":true')
  })

  test('of serve runs from a copy of Node that was checked, has no name, and nobody may read', async () => {
    const { home } = await makeInstallation()
    const client = await served(home)
    await client.call('github_call_api', issues)
    const [worker] = childrenOf(client.pid) as [number]
    if (process.geteuid?.() === 0) {
      const file = `/proc/${worker}/exe`
      expect(readlinkSync(file)).toMatch(/\/state\/keyhold\/run\/\.program-[0-9a-f]{16} \(deleted\)$/)
      expect(hash('sha256', readFileSync(file))).toBe(hash('sha256', readFileSync(process.execPath)))
    }
    const { out } = await scriptAsOther(
      home,
      `const fs = require('node:fs')
       const copy = fs.readdirSync('/proc/${client.pid}/fd').map(fd => '/proc/${client.pid}/fd/' + fd)
         .find(path => { try { return fs.readlinkSync(path).includes('.program-') } catch { return false } })
       let read = 'read'
       try { fs.readFileSync(copy) } catch (error) { read = error.code }
       process.stdout.write(JSON.stringify({ mode: (fs.statSync(copy).mode & 0o7777).toString(8), read }))`,
    )
    expect(JSON.parse(out)).toEqual({ mode: '111', read: 'EACCES' })
  })

  test('is not started from a copy that a process of its user has changed', async () => {
    const { home, upstream } = await makeInstallation()
    const client = await served(home)
    expect((await client.call('github_call_api', issues)).isError).toBe(false)
    const change = `const fs = require('node:fs')
      const folder = '/proc/${client.pid}/fd/'
      const copy = fs.readdirSync(folder).map(fd => folder + fd)
        .find(path => { try { return fs.readlinkSync(path).includes('.program-') } catch { return false } })
      fs.chmodSync(copy, 0o755)
      process.stdout.write('changed')`
    expect((await scriptAsOther(home, change, [])).out).toBe('changed')
    process.kill((childrenOf(client.pid) as [number])[0], 'SIGKILL')
    const sent = upstream.requests.length
    await expect
      .poll(async () => (await client.call('github_call_api', issues)).structured['code'], { timeout: 10_000 })
      .toBe('internal')
    expect(upstream.requests).toHaveLength(sent)
    expect(home.auditText()).toContain('the program of workers was changed since it was checked')
  })

  test('leaves nothing behind, however the gate ends', async () => {
    const { home } = await makeInstallation()
    const client = await served(home)
    await client.call('github_call_api', issues)
    const run = join(home.folder, 'state', 'keyhold', 'run')
    expect(readdirSync(run)).toEqual([])
    const [worker] = childrenOf(client.pid) as [number]
    process.kill(client.pid, 'SIGKILL')
    await expect.poll(() => isRunning(worker), { timeout: 10_000 }).toBe(false)
    expect(readdirSync(run)).toEqual([])
  })

  test.each(ways)('of %s has the permissions, the limits and the deadline of any worker', async (_way, start) => {
    const { home } = await makeInstallation({ limits: { timeout: '3s' } })
    const client = await start(home)
    await client.call('github_call_api', issues)
    const [worker] = childrenOf(client.pid) as [number]
    const args = argumentsOf(worker)
    expect(args).toEqual(expect.arrayContaining(['--permission', '--max-old-space-size=128', '--disable-sigusr1']))
    expect(coreLimitOf(worker)).toEqual(['0', '0'])
    process.kill(worker, 'SIGSTOP')
    expect((await client.call('github_call_api', issues)).structured['code']).toBe('target_timeout')
    expect((await client.call('github_call_api', issues)).isError).toBe(false)
    expect(childrenOf(client.pid)).not.toContain(worker)
  })

  test.each(ways)('of %s can load the add-on of the keychain', async (_way, start) => {
    const { home, upstream } = await makeInstallation()
    home.writeConfig({
      ...sceneConfig(upstream.url),
      credentials: { github: { type: 'bearer', token: { keychain: 'github' } } },
    })
    home.environment['DBUS_SESSION_BUS_ADDRESS'] = `unix:path=${home.folder}/no-bus`
    const client = await start(home)
    expect((await client.call('github_call_api', issues)).structured['code']).toBe('credential_unavailable')
    // Loaded, it finds nobody on the bus; else it would say that it cannot be loaded.
    expect(home.auditText()).toContain('the Secret Service does not answer')
  })
})

describe('where hardening does not hold', () => {
  test.skipIf(process.geteuid?.() !== 0)('root is told so: its processes may read everything', async () => {
    const { home } = await makeInstallation()
    giveAway(home, 'root')
    const server = await startServe(home)
    cleanUps.push(() => server.stop())
    expect(home.auditLines().find(({ event }) => event === 'server.started')).toMatchObject({ hardened: false })
    expect(server.log()).toContain('this user may read every file, as root may')
    expect(server.log()).toContain('"level":40')
  })

  test.skipIf(missing !== null)(named('a copy that does not run is not used'), async () => {
    const { home } = await makeInstallation()
    const file = join(home.folder, 'no-program')
    writeFileSync(file, 'just text', { mode: 0o755 })
    const { out } = await hardenAsOther(home, file, 'node')
    expect(JSON.parse(out)).toMatchObject({ holds: false, reason: expect.stringContaining('Node does not run') })
  })

  test.skipIf(missing !== null)(named('a launcher that is a script has no loader to copy'), async () => {
    const { home } = await makeInstallation()
    const file = join(home.folder, 'script')
    writeFileSync(file, '#!/bin/sh\n', { mode: 0o755 })
    const { out } = await hardenAsOther(home, file, 'loader')
    expect(JSON.parse(out)).toMatchObject({ holds: false, reason: expect.stringContaining('loader of its own') })
  })

  test('on other systems nothing is tried', async () => {
    const options = { node: '/nowhere', copied: 'node', folder: '/nowhere', random: randomBytes } as const
    expect(await harden({ ...options, platform: 'darwin' })).toEqual({ holds: false, reason: 'only Linux can do this' })
  })
})

function hardenAsOther(home: Home, node: string, copied: 'node' | 'loader') {
  const module = new URL('../../src/workers/hardened.ts', import.meta.url).href
  return scriptAsOther(
    home,
    `import('${module}').then(async ({ harden }) => {
       const random = require('node:crypto').randomBytes
       const options = { node: '${node}', copied: '${copied}', folder: '${home.folder}/run', platform: 'linux', random }
       process.stdout.write(JSON.stringify(await harden(options)))
     })`,
  )
}

describe('how a worker is started', () => {
  test('without a shell it is started plainly, and that is known', () => {
    const launch = launchOf(
      ['/node', 'x'],
      'linux',
      () => true,
      path => path !== '/bin/sh',
    )
    expect(launch).toEqual({ execPath: '/node', args: ['x'], coreDumpsOff: false, isUntouched: expect.any(Function) })
  })

  test('with one, arguments stay arguments', () => {
    const { args } = launchOf(
      ['/node; rm -rf /', '$(id)'],
      'linux',
      () => true,
      () => true,
    )
    expect(args.slice(2)).toEqual(['/node; rm -rf /', '$(id)'])
    expect(args[1]).not.toContain('node')
  })
})
