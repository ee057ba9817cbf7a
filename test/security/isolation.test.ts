import { randomBytes } from 'node:crypto'
import { chmodSync, mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { kinds } from '../../tools/index.ts'
import { rsaKey } from '../credentials/reading.ts'
import { startTokenEndpoint } from '../credentials/token-endpoint.ts'
import { createAuthority } from '../support/certificates.ts'
import { databases } from '../support/databases.ts'
import { formsOf } from '../support/forms.ts'
import { type Home, makeHome } from '../support/home.ts'
import { type Keyring, keyringMissing, startKeyring } from '../support/keyring.ts'
import { searchMemory } from '../support/proc-memory.ts'
import { argumentsOf, childrenOf, coreLimitOf, environmentOf } from '../support/processes.ts'
import { awsKeys, region, startSecretsManager } from '../support/secrets-manager.ts'
import { calling, type Connected, newClient } from '../support/serving.ts'
import { startUpstream } from '../support/upstream.ts'
import { rootToken, startVault } from '../support/vault-server.ts'

/*
 * One gate with a tool for every type of credential and every source, each used, and every process of it looked into as its
 * user can: memory, heap snapshot, arguments, environment, open files. Workers are started by a launcher that is a
 * script, so that they are not hardened and can be looked into too. A new type or source is one more row.
 */

/** Stands in every value that can be chosen, so that its forms are theirs, and no other test has it. */
const mark = `kHiso${randomBytes(9).toString('hex')}`
/** The same for a variable, which its user has put into the environment of the gate. */
const envMark = `kHenv${randomBytes(9).toString('hex')}`
const value = (name: string) => `${mark}-${name}`

/** What of a key that cannot be chosen is looked for: a line of its PEM, and the bytes that it stands for. */
function piecesOf(pem: string): Record<string, string | Buffer> {
  const line = pem.split('\n').find((text, index) => index > 0 && text.length === 64) ?? pem
  return { ...formsOf(line), bytes: Buffer.from(line, 'base64') }
}

interface Row {
  readonly credential: object
  /** Merged over the tool. */
  readonly tool?: object
  /** Instead of a tool of kind http. */
  readonly database?: string
  /** What else its worker alone may have. */
  readonly pieces?: Record<string, string | Buffer>
}

const mayBeMissing = await keyringMissing()
const cleanUps: (() => unknown)[] = []
const rows: Record<string, Row> = {}
const workers: Record<string, number> = {}
let home: Home
let gate = 0
let called: Connected['call']

beforeAll(async () => {
  home = makeHome()
  cleanUps.push(() => home.remove())
  const api = await startUpstream()
  const issuer = await startUpstream((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ access_token: value('access-token'), token_type: 'Bearer', expires_in: 3_600 }))
  })
  const vault = await startVault({ secrets: { 'secret/shop': { token: value('vault') } } })
  const aws = await startSecretsManager({ shop: value('aws') })
  const appKey = rsaKey()
  const github = await startTokenEndpoint(appKey.publicKey, Date.now)
  github.answer = response => {
    const expires_at = new Date(Date.now() + 3_600_000).toISOString()
    response.writeHead(201, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ token: value('installation-token'), expires_at, permissions: {} }))
  }
  cleanUps.push(...[api, issuer, vault, aws, github].map(server => () => server.close()))
  const authority = createAuthority()
  const server = authority.issue('api', { alt: 'DNS:localhost', for: 'server' })
  const partner = authority.issue('partner', { alt: 'DNS:partner.test', for: 'client' })
  for (const path of [partner.certificateFile, partner.privateKeyFile]) chmodSync(path, 0o600)
  const mutual = createTlsServer(
    { cert: server.certificate, key: server.privateKey, ca: authority.ca.certificate, requestCert: true },
    (_request, response) => void response.end('{}'),
  )
  await new Promise<void>(resolve => mutual.listen(0, '127.0.0.1', resolve))
  cleanUps.push(
    () => authority.remove(),
    () => mutual.close(),
    () => mutual.closeAllConnections(),
  )

  const file = (name: string, text = value(name)) => {
    const path = join(home.folder, `${name}.key`)
    writeFileSync(path, text, { mode: 0o600 })
    return { file: path }
  }
  const bearer = (token: object): Row => ({ credential: { type: 'bearer', token } })
  const units = join(home.folder, 'units')
  mkdirSync(units, { mode: 0o700 })
  writeFileSync(join(units, 'shop'), value('systemd'), { mode: 0o400 })
  Object.assign(home.environment, { CREDENTIALS_DIRECTORY: units, ISOLATED_KEY: `${envMark}-value` })
  let keyring: Keyring | null = null
  if (mayBeMissing === null) {
    keyring = await startKeyring()
    cleanUps.push(() => keyring?.stop())
    Object.assign(home.environment, keyring.environment)
    expect(await home.run(['credential', 'set', 'chained', '--keychain'], value('keychain'))).toMatchObject({ code: 0 })
  }
  await home.seal('sealed', value('sealed'))

  // Sources.
  rows['sealed'] = bearer({ sealed: 'sealed' })
  rows['file'] = bearer(file('file'))
  rows['env'] = bearer({ env: 'ISOLATED_KEY' })
  rows['command'] = bearer({ command: ['/bin/cat', file('command').file] })
  rows['systemd'] = bearer({ systemd: 'shop' })
  rows['kubernetes'] = bearer({ kubernetes: file('kubernetes').file })
  rows['vault'] = { ...bearer({ vault: 'secret/shop#token' }), pieces: formsOf(rootToken) }
  rows['aws_secrets'] = { ...bearer({ aws_secrets: 'shop' }), pieces: formsOf(awsKeys.secretAccessKey) }
  if (keyring !== null) rows['keychain'] = bearer({ keychain: 'chained' })
  // Types; bearer is above.
  rows['basic'] = { credential: { type: 'basic', username: 'me', password: file('basic') } }
  rows['api_key'] = { credential: { type: 'api_key', in: 'header', name: 'x-api-key', value: file('api_key') } }
  rows['oauth2'] = {
    credential: {
      type: 'oauth2',
      grant: 'client_credentials',
      token_url: `${issuer.url}/token`,
      client_id: 'me',
      client_secret: file('oauth2'),
    },
  }
  rows['aws_sigv4'] = {
    credential: {
      type: 'aws_sigv4',
      access_key_id: file('id', 'AKIDEXAMPLE000000001'),
      secret_access_key: file('aws_sigv4'),
      region,
      service: 's3',
    },
  }
  rows['hmac'] = {
    credential: {
      type: 'hmac',
      secret: file('hmac'),
      message: '{timestamp}.{body}',
      headers: { 'x-signature': '{signature}', 'x-timestamp': '{timestamp}' },
    },
  }
  rows['jwt'] = { credential: { type: 'jwt', key: file('jwt', value('jwt').padEnd(40, 'x')), algorithm: 'HS256' } }
  rows['github_app'] = {
    credential: {
      type: 'github_app',
      app_id: '1234',
      installation_id: '5678',
      private_key: file('github_app', appKey.pem),
      api_url: github.url,
    },
    pieces: piecesOf(appKey.pem),
  }
  rows['mtls'] = {
    credential: {
      type: 'mtls',
      certificate: { file: partner.certificateFile },
      private_key: { file: partner.privateKeyFile },
    },
    tool: {
      base_url: `https://localhost:${(mutual.address() as AddressInfo).port}`,
      credential: undefined,
      tls: { ca: authority.ca.certificateFile, certificate: 'mtls' },
    },
    pieces: piecesOf(partner.privateKey),
  }

  const database = await databases.PostgreSQL()
  cleanUps.push(() => database.stop())
  await database.setPassword('isolated', value('password'))
  await database.admin('CREATE TABLE orders (id integer)', 'GRANT SELECT ON orders TO isolated')
  rows['password'] = {
    credential: { type: 'password', username: 'isolated', password: file('password') },
    database: database.url,
  }

  home.writeConfig({
    version: 1,
    stores: {
      vault: { address: vault.url, login: { token: file('vault-login', rootToken) } },
      aws: {
        region,
        endpoint: aws.url,
        access_key_id: file('aws-id', awsKeys.accessKeyId),
        secret_access_key: file('aws-key', awsKeys.secretAccessKey),
      },
    },
    credentials: Object.fromEntries(Object.entries(rows).map(([name, { credential }]) => [name, credential])),
    tools: Object.fromEntries(
      Object.entries(rows).map(([name, { tool = {}, database: url }]) => [
        name,
        url === undefined
          ? {
              kind: 'http',
              description: name,
              base_url: api.url,
              allow: ['GET /repos/acme/shop/issues'],
              ...(Object.hasOwn(tool, 'credential') ? {} : { credential: name }),
              ...JSON.parse(JSON.stringify(tool)),
            }
          : { kind: 'db', description: name, url, credential: name, tables: { orders: '*' } },
      ]),
    ),
  })
  await start()
  for (const name of Object.keys(rows)) {
    const known = childrenOf(gate)
    const isDatabase = rows[name]?.database !== undefined
    const { raw } = isDatabase
      ? await called(`${name}_db_query`, { sql: 'select id from orders' })
      : await called(`${name}_call_api`, { method: 'GET', path: '/repos/acme/shop/issues' })
    expect([name, raw]).toEqual([name, expect.stringContaining(isDatabase ? '"row_count":0' : '"status":200')])
    workers[name] = childrenOf(gate).find(pid => !known.includes(pid)) as number
  }
}, 180_000)

afterAll(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

/** Starts the gate with everything in the environment by which Node can be made to show what it holds. */
async function start(): Promise<void> {
  const launcher = join(home.folder, 'node')
  // Shells add a variable of their own.
  writeFileSync(launcher, `#!/bin/sh\nexec /usr/bin/env -u PWD ${process.execPath} "$@"\n`, { mode: 0o755 })
  const options = [
    '--report-on-fatalerror',
    '--report-on-signal',
    '--report-uncaught-exception',
    `--report-directory=${home.folder}`,
    '--heapsnapshot-signal=SIGUSR2',
    `--diagnostic-dir=${home.folder}`,
    '--inspect=127.0.0.1:0',
  ]
  const wire = new StdioClientTransport({
    command: process.execPath,
    args: [new URL('../support/gate-with-launcher.ts', import.meta.url).pathname, launcher, 'stdio'],
    env: { ...home.environment, NODE_OPTIONS: options.join(' ') },
    cwd: home.folder,
    stderr: 'ignore',
  })
  const client = newClient('2026-07-28')
  await client.connect(wire)
  cleanUps.push(() => client.close())
  gate = wire.pid as number
  called = calling(client).call
}

/** Every form of every value that no process but one worker may have. */
function everyForm(): Record<string, string | Buffer> {
  const pieces = Object.entries(rows).flatMap(([row, { pieces: own = {} }]) =>
    Object.entries(own).map(([name, piece]) => [`${row}: ${name}`, piece]),
  )
  return { ...formsOf(mark), ...Object.fromEntries(pieces) }
}

const filesIn = (pattern: RegExp) => readdirSync(home.folder).filter(name => pattern.test(name))

test('the table has every type of credential that some kind takes', () => {
  const types = new Set(kinds.flatMap(kind => kind.credentials))
  const tried = Object.values(rows).map(({ credential }) => (credential as { type: string }).type)
  expect([...types].filter(type => !tried.includes(type))).toEqual([])
})

describe('the gate, after every credential was used', () => {
  test('has no form of any value in its memory', () => {
    const { found, bytes, unreadBytes } = searchMemory(gate, everyForm())
    expect(bytes).toBeGreaterThan(20e6)
    expect(unreadBytes).toBeLessThan(bytes / 100)
    expect(found).toEqual([])
    // It is this gate's memory, and what its user put into its environment is there.
    expect(searchMemory(gate, { tool: 'aws_sigv4_call_api', variable: envMark }).found).toEqual(['tool', 'variable'])
  }, 120_000)

  test('has no form of any value in its heap snapshot', async () => {
    process.kill(gate, 'SIGUSR2')
    let text = ''
    const read = () => {
      const [name] = filesIn(new RegExp(`\\.${gate}\\..*heapsnapshot$`))
      text = name === undefined ? '' : readFileSync(join(home.folder, name), 'utf8')
      return /\}\n?$/.test(text)
    }
    await expect.poll(read, { timeout: 30_000 }).toBe(true)
    expect(text).toContain('aws_sigv4_call_api')
    const forms = Object.entries(everyForm()).filter(([, form]) => typeof form === 'string' && text.includes(form))
    expect(forms.map(([name]) => name)).toEqual([])
  }, 60_000)
})

describe('a worker', () => {
  test('has its own value in its memory, where this search finds it, and nobody else has', () => {
    for (const [name, { pieces }] of Object.entries(rows)) {
      const own = pieces ?? { plain: name === 'env' ? envMark : value(name) }
      expect([name, searchMemory(workers[name] as number, own).found.length > 0]).toEqual([name, true])
    }
    // Beside its own: two that hold more than one value, and the plainest.
    for (const name of ['sealed', 'vault', 'github_app']) {
      const others = Object.keys(rows).filter(other => other !== name && other !== 'env')
      const wanted = Object.fromEntries(others.map(other => [other, value(other)]))
      expect([name, searchMemory(workers[name] as number, wanted).found]).toEqual([name, []])
    }
  }, 180_000)

  test('has none of the options that its gate was started with, and may dump no core', () => {
    for (const [name, pid] of Object.entries(workers)) {
      expect(environmentOf(pid).filter(entry => entry.startsWith('NODE_'))).toEqual([])
      const args = argumentsOf(pid)
      expect([name, args.filter(text => /report|inspect|snapshot|diagnostic/.test(text))]).toEqual([name, []])
      expect([name, args.includes('--disable-sigusr1'), coreLimitOf(pid)]).toEqual([name, true, ['0', '0']])
    }
  })
})

describe('what ps and lsof show', () => {
  test('no argument of any process has a value in it', () => {
    for (const pid of [gate, ...Object.values(workers)]) {
      const text = argumentsOf(pid).join('\n')
      expect(Object.values(everyForm()).filter(form => text.includes(form.toString()))).toEqual([])
      expect(text).not.toContain(envMark)
    }
  })

  test('a variable is in the environment of its own worker, and of the gate that was started with it', () => {
    for (const [name, pid] of Object.entries({ gate, ...workers })) {
      const environment = environmentOf(pid)
      expect(environment.join('\n')).not.toContain(mark)
      const has = environment.some(entry => entry.includes(envMark))
      expect([name, has]).toEqual([name, ['gate', 'env'].includes(name)])
      if (name === 'env') expect(environment).toEqual([`ISOLATED_KEY=${envMark}-value`])
    }
  })

  test('no process has a file open that holds a value', () => {
    for (const [name, pid] of Object.entries({ gate, ...workers })) {
      const open = readdirSync(`/proc/${pid}/fd`).map(fd => readlinkSync(`/proc/${pid}/fd/${fd}`))
      expect(open.length).toBeGreaterThan(3)
      const held = open.filter(path => /\.key$|\.age$|identity\.txt|units|keyhold-certificates/.test(path))
      // The key of the audit log's seals is no credential.
      expect([name, held.filter(path => !path.endsWith('installation.key'))]).toEqual([name, []])
    }
  })
})

// Last: a signal that no debugger and no report waits for ends a worker.
test('a worker writes no report and opens no debugger when it is told to', async () => {
  const before = filesIn(/^report\./)
  process.kill(workers['sealed'] as number, 'SIGUSR1')
  process.kill(workers['file'] as number, 'SIGUSR2')
  for (const name of ['sealed', 'file'])
    await called(`${name}_call_api`, { method: 'GET', path: '/repos/acme/shop/issues' })
  expect(childrenOf(gate).length).toBeGreaterThan(5)
  expect(childrenOf(gate).flatMap(listeningSockets)).toEqual([])
  expect(filesIn(/^report\./)).toEqual(before)
  // The gate was started with a debugger by its user, so that this looks in the right place.
  expect(listeningSockets(gate)).toHaveLength(1)
})

/** The TCP sockets on which a process waits for somebody, by inode. */
function listeningSockets(pid: number): string[] {
  const sockets = readdirSync(`/proc/${pid}/fd`).flatMap(fd => {
    const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1]
    return inode === undefined ? [] : [inode]
  })
  const listening = ['tcp', 'tcp6'].flatMap(name =>
    readFileSync(`/proc/net/${name}`, 'utf8')
      .split('\n')
      .map(line => line.trim().split(/ +/))
      .filter(fields => fields[3] === '0A')
      .map(fields => fields[9]),
  )
  return sockets.filter(inode => listening.includes(inode))
}
