import { execFile } from 'node:child_process'
import { hash } from 'node:crypto'
import { chmodSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, describe, expect, test } from 'vitest'
import { launchFor, workerPlan } from '../../../src/cli/run-gate.ts'
import { worldOf } from '../../../src/cli/world-of.ts'
import { loadConfig } from '../../../src/config/load.ts'
import { codeFolders } from '../../../src/process/code.ts'
import { ToolWorker } from '../../../src/workers/tool-worker.ts'
import { kinds } from '../../../tools/index.ts'
import { type Home, makeHome } from '../../support/home.ts'
import { keyringMissing, startKeyring } from '../../support/keyring.ts'
import { agentToken, joinCalls } from '../../support/scene.ts'
import { awsKeys, region, startSecretsManager } from '../../support/secrets-manager.ts'
import { calling, connect, httpTransport, newClient, startServe } from '../../support/serving.ts'
import { echo, type Respond, startUpstream } from '../../support/upstream.ts'
import { appRole, startVault } from '../../support/vault-server.ts'

const root = new URL('../../..', import.meta.url).pathname.replace(/\/$/, '')
const secret = 'ghp_R4nd0mLookingT0kenValue/+x9'
const keys = { access_key_id: { env: 'AWS_ID' }, secret_access_key: { env: 'AWS_KEY' } }
const approle = { role_id: appRole.role_id, secret_id: { env: 'VAULT_SECRET_ID' } }

const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

interface Given {
  /** By name, which is also that of the tool that has it. */
  readonly credentials: Readonly<Record<string, object>>
  readonly respond?: Respond
}

/** An installation with a store of each kind, and a tool for each credential. */
async function setUp(given: (home: Home) => Given) {
  const home = makeHome()
  const { credentials, respond = echo } = given(home)
  const upstream = await startUpstream(respond)
  const vault = await startVault({ secrets: { 'secret/shop': { token: secret } } })
  const aws = await startSecretsManager({ shop: JSON.stringify({ token: secret }) })
  const tool = { kind: 'http', description: 'Issues', base_url: upstream.url, allow: ['GET /issues'] }
  const tools = Object.keys(credentials).map(name => [name, { ...tool, credential: name, limits: { timeout: '30s' } }])
  home.writeConfig({
    version: 1,
    stores: { vault: { address: vault.url, login: { approle } }, aws: { region, endpoint: aws.url, ...keys } },
    credentials,
    tools: Object.fromEntries(tools),
    agents: {
      local: { transport: 'stdio', allow: ['*'] },
      remote: { token: { sha256: hash('sha256', agentToken, 'hex') }, allow: ['*'] },
    },
  })
  Object.assign(home.environment, {
    VAULT_SECRET_ID: appRole.secret_id,
    AWS_ID: awsKeys.accessKeyId,
    AWS_KEY: awsKeys.secretAccessKey,
    CREDENTIALS_DIRECTORY: home.folder,
  })
  cleanUps.push(
    () => home.remove(),
    () => upstream.close(),
    () => vault.close(),
    () => aws.close(),
  )
  const calls = () => joinCalls(home.auditLines())
  return { home, upstream, vault, aws, calls }
}

const issues = { method: 'GET', path: '/issues' }

test('a key of each source reaches the API and nobody else, with what its worker is permitted and no more', async () => {
  const { home, upstream, vault, aws, calls } = await setUp(({ folder }) => {
    writeFileSync(join(folder, 'printed'), `${secret}\n`, { mode: 0o600 })
    writeFileSync(join(folder, 'unit'), secret, { mode: 0o440 })
    writeFileSync(join(folder, 'mounted'), secret, { mode: 0o644 })
    symlinkSync('mounted', join(folder, 'link'))
    const bearer = (token: object) => ({ type: 'bearer', token })
    return {
      credentials: {
        command: bearer({ command: ['cat', join(folder, 'printed')] }),
        node: bearer({ command: [process.execPath, '-p', `fs.readFileSync('${folder}/printed', 'utf8').trim()`] }),
        vault: bearer({ vault: 'secret/shop#token' }),
        aws: bearer({ aws_secrets: 'shop#token' }),
        systemd: bearer({ systemd: 'unit' }),
        kubernetes: bearer({ kubernetes: join(folder, 'link') }),
      },
    }
  })
  const connected = await connect(home, 'stdio', '2026-07-28')
  const names = ['command', 'node', 'vault', 'aws', 'systemd', 'kubernetes']
  const answers = await Promise.all(names.map(name => connected.call(`${name}_call_api`, issues)))
  await connected.close()
  expect(calls()).toMatchObject(
    names.map(() => ({ outcome: 'ok', status: 200, credential: { name: expect.any(String) } })),
  )
  expect(upstream.requests.map(({ headers }) => headers.authorization)).toEqual(names.map(() => `Bearer ${secret}`))
  const shown = answers.map(({ raw }) => raw).join('') + home.auditText() + connected.log()
  const hidden = [
    secret,
    appRole.secret_id,
    ...Object.values(awsKeys),
    ...vault.requests.map(({ headers }) => headers['x-vault-token']),
  ]
  for (const each of hidden.filter(value => typeof value === 'string')) expect(shown).not.toContain(each)
  expect(aws.requests).toHaveLength(1)
  await expect.poll(() => vault.tokens()).toEqual([])
})

test('a source that is slow or down refuses its own tool within its own bound, is recorded, and holds up no other', async () => {
  const { home, upstream, vault, aws, calls } = await setUp(() => ({
    credentials: {
      vault: { type: 'bearer', token: { vault: 'secret/shop#token' } },
      aws: { type: 'bearer', token: { aws_secrets: 'shop#token' } },
      command: { type: 'bearer', token: { command: ['sleep', '600'] } },
      quick: { type: 'bearer', token: { command: ['echo', secret] } },
    },
  }))
  vault.answer = () => {}
  aws.answer = () => {}
  const connected = await connect(home, 'stdio', '2026-07-28')
  const began = performance.now()
  const names = ['vault', 'aws', 'command']
  const slow = names.map(name => connected.call(`${name}_call_api`, issues))
  for (let call = 0; call < 5; call++) {
    expect((await connected.call('quick_call_api', issues)).structured['status']).toBe(200)
  }
  expect(performance.now() - began).toBeLessThan(8_000)
  const refused = await Promise.all(slow)
  const tookMs = performance.now() - began
  expect(refused.map(({ structured }) => structured['code'])).toEqual(names.map(() => 'credential_unavailable'))
  expect(tookMs).toBeGreaterThan(8_000)
  expect(tookMs).toBeLessThan(20_000)
  await connected.close()
  expect(upstream.requests).toHaveLength(5)
  const details = Object.fromEntries(calls().map(({ tool, detail }) => [tool, detail]))
  expect(details).toMatchObject({
    vault: 'Vault did not answer in time',
    aws: 'Secrets Manager did not answer in time',
    command: 'sleep was ended: it did not finish in time',
  })
}, 30_000)

describe('a user that Vault makes for a tool', () => {
  const dynamic = {
    type: 'basic',
    username: { vault: 'database/creds/readonly#username' },
    password: { vault: 'database/creds/readonly#password' },
  }
  /** Knows whom Vault has made. */
  const asVaultSays =
    (valid: () => (username: string, password: string) => boolean): Respond =>
    ({ headers }, response) => {
      const [username = '', password = ''] = Buffer.from(headers.authorization?.slice(6) ?? '', 'base64')
        .toString()
        .split(':')
      response.writeHead(valid()(username, password) ? 200 : 401, { 'content-type': 'application/json' }).end('{}')
    }

  async function setUpDynamic() {
    let valid: (username: string, password: string) => boolean = () => false
    const scene = await setUp(() => ({ credentials: { orders: dynamic }, respond: asVaultSays(() => valid) }))
    valid = (username, password) => scene.vault.valid(username, password)
    return scene
  }

  test('is used for many calls, and is revoked when the client ends the connection', async () => {
    const { home, vault, calls } = await setUpDynamic()
    const connected = await connect(home, 'stdio', '2026-07-28')
    for (let call = 0; call < 3; call++) {
      expect((await connected.call('orders_call_api', issues)).structured['status']).toBe(200)
    }
    const [user = ''] = vault.users()
    expect(vault.users()).toHaveLength(1)
    await connected.close()
    await expect.poll(() => [...vault.users(), ...vault.tokens()], { timeout: 5_000 }).toEqual([])
    expect(calls()).toHaveLength(3)
    expect(home.auditText()).not.toContain(user)
  })

  test('is revoked when the service is stopped, also when it is killed', async () => {
    const { home, vault } = await setUpDynamic()
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      const server = await startServe(home)
      const client = newClient('2026-07-28')
      await client.connect(httpTransport(server.url, agentToken))
      expect((await calling(client).call('orders_call_api', issues)).structured['status']).toBe(200)
      expect(vault.users()).toHaveLength(1)
      await client.close()
      server.process.kill(signal)
      expect(await server.stop()).toBe(signal === 'SIGTERM' ? 0 : null)
      // The worker outlives a gate that was killed for as long as that takes.
      if (signal === 'SIGKILL') await expect.poll(() => vault.users(), { timeout: 5_000 }).toEqual([])
      expect([...vault.users(), ...vault.tokens()]).toEqual([])
    }
  })

  test('is revoked when its worker has had nothing to do for a while, and the next call has a new one', async () => {
    const { home, vault, upstream } = await setUpDynamic()
    const world = {
      ...worldOf(process, {
        kinds,
        version: '0.0.0',
        argv: [],
        execPath: process.execPath,
        workerEntry: join(root, 'src/worker.ts'),
        presetsFolder: '',
        code: codeFolders(root, specifier => import.meta.resolve(specifier)),
      }),
      environment: home.environment,
      home: home.folder,
    }
    const loaded = await loadConfig(home.environment['KEYHOLD_CONFIG'] ?? '', kinds)
    const { tool, verb } = loaded.verbs.get('orders_call_api') ?? expect.fail('there is no such MCP tool')
    const launch = launchFor(world, undefined)
    const plan = workerPlan({ world, loaded, tool, launch, fingerprintKey: Buffer.from('of this test') })
    const ended: boolean[] = []
    const events = {
      leased() {},
      partial() {},
      warned() {},
      malformed() {},
      exited: (how: { expected: boolean }) => void ended.push(how.expected),
    }
    const worker = new ToolWorker({ ...plan, idleMs: 100 }, events)
    const names: (string | undefined)[] = []
    for (const round of [1, 2]) {
      const { request } = verb.plan(verb.input.parse(issues))
      const job = { request, timeoutMs: 10_000, idempotent: true, reads: true, onceKey: null, permit: () => null }
      expect(await worker.run({ ...job, signal: new AbortController().signal })).toMatchObject({
        answer: { status: 200 },
      })
      names.push(upstream.requests.at(-1)?.headers.authorization)
      await expect.poll(() => [...vault.users(), ...vault.tokens()], { timeout: 5_000 }).toEqual([])
      await expect.poll(() => ended).toEqual(Array.from({ length: round }, () => true))
    }
    expect(new Set(names).size).toBe(2)
  })
})

/** Sources that give nothing, and what the admin is told. */
function brokenSources(folder: string): Readonly<Record<string, readonly [object, string]>> {
  const put = (name: string, content: string, mode: number) => {
    writeFileSync(join(folder, name), content)
    chmodSync(join(folder, name), mode)
    return join(folder, name)
  }
  symlinkSync('mode', join(folder, 'link'))
  return {
    mode: [{ file: put('mode', secret, 0o644) }, 'is open to other users; run: chmod 600'],
    absent: [{ file: join(folder, 'absent') }, 'does not exist'],
    empty: [{ file: put('empty', '\n', 0o600) }, 'is empty'],
    lines: [{ file: put('lines', `${secret}\n${secret}`, 0o600) }, 'contains a line break (U+000A)'],
    large: [{ file: put('large', secret.repeat(400_000), 0o600) }, 'is larger than 65536 bytes'],
    linked: [{ systemd: 'link' }, 'is a symbolic link, which is not followed here'],
    changed: [{ kubernetes: put('changed', secret, 0o666) }, 'may be changed by other users'],
    prints: [{ command: ['head', '-c', '1G', '/dev/zero'] }, 'head was ended: it prints more than the 65536 bytes'],
    fails: [{ command: ['sh', '-c', `echo ${secret}; exit 2`] }, 'sh failed with exit code 2, without a word'],
    missing: [{ command: ['no-such-program', secret] }, 'no-such-program does not exist, or not in PATH'],
    html: [{ vault: 'secret/shop#token' }, 'Vault answered with something that is not of its API'],
    redirect: [{ aws_secrets: 'shop' }, 'Secrets Manager redirects, which is not followed (status 302)'],
    locked: [{ keychain: 'shop' }, 'the keychain is locked'],
  }
}

const noKeyring = await keyringMissing()

test.skipIf(noKeyring !== null)(
  `what is wrong with a source is told to the admin, and neither agent nor record sees a value${noKeyring === null ? '' : ` (not tried: ${noKeyring})`}`,
  async () => {
    const keyring = await startKeyring()
    cleanUps.push(() => keyring.stop())
    const script = new URL('../../support/use-keychain.ts', import.meta.url).pathname
    await promisify(execFile)(process.execPath, [script, 'write', 'shop', secret], { env: keyring.environment })
    await keyring.lock()
    const reasons: [string, string][] = []
    const { home, upstream, vault, aws, calls } = await setUp(({ folder }) => {
      const broken = Object.entries(brokenSources(folder))
      reasons.push(...broken.map(([name, [, reason]]): [string, string] => [name, reason]))
      return { credentials: Object.fromEntries(broken.map(([name, [token]]) => [name, { type: 'bearer', token }])) }
    })
    vault.answer = response => void response.writeHead(200).end(`<html>${secret}</html>`)
    aws.answer = response => void response.writeHead(302, { location: `${upstream.url}/${secret}` }).end()
    Object.assign(home.environment, keyring.environment)
    const connected = await connect(home, 'stdio', '2026-07-28')
    const answers = await Promise.all(reasons.map(([name]) => connected.call(`${name}_call_api`, issues)))
    await connected.close()
    expect(answers.map(({ structured }) => structured['code'])).toEqual(reasons.map(() => 'credential_unavailable'))
    expect(upstream.requests).toEqual([])
    const details = new Map(calls().map(({ tool, detail }) => [tool, detail]))
    const told = reasons.map(([name, reason]) => [name, expect.stringContaining(reason)])
    expect(reasons.map(([name]) => [name, details.get(name)])).toEqual(told)
    const shown = answers.map(({ raw }) => raw).join('') + home.auditText() + connected.log()
    expect(shown).not.toContain(secret.slice(0, 16))
  },
  60_000,
)
