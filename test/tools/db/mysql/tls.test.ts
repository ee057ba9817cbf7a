import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { chmodSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { createConnection } from 'mysql2/promise'
import { afterAll, afterEach, beforeAll, describe, test } from 'vitest'
import type { LeasedCredential } from '../../../../src/leased.ts'
import { Refusal } from '../../../../src/refusal.ts'
import { Secret } from '../../../../src/secret.ts'
import { openMysql } from '../../../../tools/db/mysql/open.ts'
import { type Authority, createAuthority, type Issued } from '../../../support/certificates.ts'
import { type DatabaseServer, startMariadb } from '../../../support/database-server.ts'
import { dbContext, dbLimits, dbTarget, passwordOf, rawQuery } from '../../../support/db-executor.ts'

const password = 'only over TLS, please'
const login = passwordOf('agent', password)
const cipher = "SELECT VARIABLE_VALUE <> '' FROM information_schema.SESSION_STATUS WHERE VARIABLE_NAME = 'Ssl_cipher'"
let authority: Authority
let other: Authority
let client: Issued
let server: DatabaseServer
const relays: Relay[] = []

beforeAll(async () => {
  authority = createAuthority()
  other = createAuthority('Another CA')
  const issued = authority.issue('server', { alt: 'DNS:localhost,IP:127.0.0.1', for: 'server' })
  client = authority.issue('agent', { alt: 'DNS:agent.test', for: 'client' })
  // The server runs as another user.
  chmodSync(authority.folder, 0o755)
  chmodSync(issued.privateKeyFile, 0o644)
  server = await startMariadb([
    `--ssl-ca=${authority.ca.certificateFile}`,
    `--ssl-cert=${issued.certificateFile}`,
    `--ssl-key=${issued.privateKeyFile}`,
  ])
  const admin = await createConnection({ host: '127.0.0.1', port: server.port, user: 'root', password: 'root' })
  for (const statement of [
    'CREATE DATABASE shop',
    'CREATE TABLE shop.orders (id INT)',
    `CREATE USER agent IDENTIFIED BY '${password}'`,
    'GRANT SELECT ON shop.orders TO agent',
    'CREATE USER certified REQUIRE X509',
    'GRANT SELECT ON shop.orders TO certified',
  ])
    await admin.query(statement)
  await admin.end()
})

afterEach(() => {
  for (const relay of relays.splice(0)) relay.close()
})

afterAll(async () => {
  await server?.stop()
  authority?.remove()
  other?.remove()
})

interface Relay {
  readonly port: number
  /** What came from the client. */
  sent(): Buffer
  close(): void
}

/** Stands between client and server, keeps what the client says, and can change the server's greeting. */
async function between(host: string, change: (greeting: Buffer) => Buffer = greeting => greeting): Promise<Relay> {
  const sent: Buffer[] = []
  const sockets = new Set<Socket>()
  const relay: Server = createServer(near => {
    const far = connect(server.port, '127.0.0.1')
    for (const socket of [near, far]) sockets.add(socket.on('error', () => {}))
    near.on('data', chunk => {
      sent.push(chunk)
      far.write(chunk)
    })
    far.once('data', greeting => {
      near.write(change(greeting))
      far.on('data', chunk => near.write(chunk))
    })
    near.on('close', () => far.destroy())
    far.on('close', () => near.end())
  })
  await new Promise<void>(resolve => relay.listen(0, host, resolve))
  const made: Relay = {
    port: (relay.address() as AddressInfo).port,
    sent: () => Buffer.concat(sent),
    close() {
      for (const socket of sockets) socket.destroy()
      relay.close()
    },
  }
  relays.push(made)
  return made
}

const trusted = () => ({ tls: { ca: authority.ca.certificateFile } })

async function answered(
  url: string,
  written: Record<string, unknown>,
  options: {
    sql?: string
    credential?: LeasedCredential | null
    others?: Readonly<Record<string, LeasedCredential>>
  } = {},
) {
  const { sql = cipher, credential = login, others = {} } = options
  const executor = await openMysql(dbTarget({ url, tables: { orders: '*' }, ...written }), dbLimits())
  try {
    const context = { ...dbContext(dbLimits({ timeoutMs: 5_000 }), credential), others }
    return (await executor.execute(rawQuery(sql), context)).answer['rows']
  } finally {
    await executor.close()
  }
}

async function codeOf(asked: Promise<unknown>): Promise<string> {
  try {
    return JSON.stringify(await asked)
  } catch (error) {
    assert.ok(error instanceof Refusal, String(error))
    return error.code
  }
}

/** What a client may say before TLS: that it wants it, without any name. */
function assertNothingPlain(relay: Relay): void {
  const text = relay.sent().toString('latin1')
  for (const secret of [password, 'agent', 'shop', 'mysql_native_password']) assert.ok(!text.includes(secret), secret)
}

describe('a connection over TLS', () => {
  test.each(['localhost', '127.0.0.1'])('to %s, which its certificate names, carries everything', async host => {
    const relay = await between('127.0.0.1')
    assert.deepEqual(await answered(`mysql://${host}:${relay.port}/shop`, trusted()), [[1]])
    assertNothingPlain(relay)
  })

  test('is used for calls after the first, ends at limits and is ended at the deadline', async () => {
    const url = `mysql://localhost:${server.port}/shop`
    const executor = await openMysql(dbTarget({ url, tables: { orders: '*' }, ...trusted() }), dbLimits())
    const ask = async (sql: string, timeoutMs = 10_000) =>
      codeOf(
        executor.execute(rawQuery(sql), dbContext(dbLimits({ timeoutMs }), login)).then(({ answer }) => answer['rows']),
      )
    assert.equal(await ask('SELECT 1'), '[[1]]')
    assert.equal(await ask("SELECT REPEAT('x', 16000000) FROM mysql.help_topic LIMIT 9"), '[]')
    assert.equal(await ask("SELECT REPEAT('x', 9000000)"), 'response_too_large')
    assert.equal(await ask('SELECT SLEEP(30)', 600), 'target_timeout')
    assert.equal(await ask('SELECT 2'), '[[2]]')
    await executor.close()
  })
})

describe('is refused, and nothing is said in plain', () => {
  test('a host that the certificate does not name', async () => {
    const relay = await between('127.0.0.2')
    assert.equal(await codeOf(answered(`mysql://127.0.0.2:${relay.port}/shop`, trusted())), 'target_unreachable')
    assertNothingPlain(relay)
  })

  test('an authority that is not trusted', async () => {
    const relay = await between('127.0.0.1')
    const url = `mysql://localhost:${relay.port}/shop`
    assert.equal(await codeOf(answered(url, { tls: { required: true } })), 'target_unreachable')
    assert.equal(await codeOf(answered(url, { tls: { ca: other.ca.certificateFile } })), 'target_unreachable')
    assertNothingPlain(relay)
  })

  test('a server that has no TLS, or whose greeting was made to say so', async () => {
    const relay = await between('127.0.0.1', greeting => {
      const changed = Buffer.from(greeting)
      // The capabilities follow the version, the thread and the first part of the challenge; TLS is bit 11.
      const at = changed.indexOf(0, 5) + 1 + 4 + 8 + 1
      changed[at + 1] = (changed[at + 1] as number) & ~0x08
      return changed
    })
    assert.equal(await codeOf(answered(`mysql://localhost:${relay.port}/shop`, trusted())), 'target_unreachable')
    assert.equal(relay.sent().length, 0)
  })

  test.each([
    [
      'another way of logging in',
      () => [packet(2, '\xfecaching_sha2_password\x0012345678901234567890\0'), packet(4, '\x01\x04')],
    ],
    ['that the login succeeded', () => [packet(2, '\0\0\0\x02\0\0\0')]],
    ['the beginning of something', () => [Buffer.from([7])]],
  ])('what somebody has added to the greeting: %s', async (_name, added) => {
    const relay = await between('127.0.0.1', greeting => Buffer.concat([greeting, ...added()]))
    assert.equal(await codeOf(answered(`mysql://localhost:${relay.port}/shop`, trusted())), 'target_unreachable')
    assertNothingPlain(relay)
  })
})

describe('a client certificate', () => {
  const certificate = (): LeasedCredential => ({
    type: 'mtls',
    certificate: client.certificate,
    privateKey: new Secret('agent', client.privateKey),
  })
  const written = () => ({ user: 'certified', tls: { ...trusted().tls, certificate: 'agent' } })
  const url = () => `mysql://localhost:${server.port}/shop`

  test('is all that a user needs', async () => {
    const sql = 'SELECT CURRENT_USER()'
    const rows = await answered(url(), written(), { sql, credential: null, others: { certificate: certificate() } })
    assert.deepEqual(rows, [['certified@%']])
  })

  test('that is missing is a refused credential', async () => {
    assert.equal(await codeOf(answered(url(), written(), { credential: null })), 'credential_unavailable')
  })
})

test('a unix socket needs no TLS', async () => {
  const written = { socket: `${server.folder}/mysqld.sock` }
  assert.deepEqual(await answered(`mysql://localhost:${server.port}/shop`, written), [[0]])
})

describe('without TLS', () => {
  const { publicKey } = generateKeyPairSync('rsa', {
    modulusLength: 2_048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })
  const encryptedBytes = 4 + 256
  const address = Object.values(networkInterfaces())
    .flat()
    .find(each => each?.internal === false && each.family === 'IPv4' && !each.address.startsWith('169.254.'))?.address

  /** Lets a server that has no TLS ask for the password in the way of MySQL 8; gives how long each packet of the client is. */
  async function askedByRogue(host: string): Promise<readonly number[]> {
    const lengths: number[] = []
    const rogue = createServer(socket => {
      socket.on('error', () => {})
      const capabilities = Buffer.from([0xff, 0xa2, 45, 2, 0, 0x1f, 0x80, 21])
      const body = [Buffer.from('\n8.0.40\0'), Buffer.from([7, 0, 0, 0]), Buffer.from('12345678\0'), capabilities]
      const rest = [Buffer.alloc(10), Buffer.from('123456789012\0caching_sha2_password\0')]
      socket.write(packet(0, Buffer.concat([...body, ...rest]).toString('latin1')))
      const answers = ['\xfecaching_sha2_password\x0012345678901234567890\0', '\x01\x04', `\x01${publicKey}`]
      socket.on('data', chunk => {
        lengths.push(chunk.length)
        const next = answers.shift()
        if (next === undefined) socket.destroy()
        else socket.write(packet((chunk[3] as number) + 1, next))
      })
    })
    await new Promise<void>(resolve => rogue.listen(0, host, resolve))
    const { port } = rogue.address() as AddressInfo
    const plain = { unsafe_plain_connection: true, unsafe_allow_private: [host] }
    const code = await codeOf(answered(`mysql://${host}:${port}/shop`, plain))
    rogue.close()
    assert.ok(['target_refused', 'target_unreachable'].includes(code), code)
    return lengths
  }

  test('to this machine, the password is encrypted for a key that the server gives', async () => {
    assert.ok((await askedByRogue('127.0.0.1')).includes(encryptedBytes))
  })

  test.skipIf(address === undefined)('to an address that is not loopback, it is not', async () => {
    const lengths = await askedByRogue(address as string)
    assert.ok(lengths.length > 1)
    assert.ok(!lengths.includes(encryptedBytes))
  })
})

function packet(sequence: number, body: string): Buffer {
  const bytes = Buffer.from(body, 'latin1')
  const head = Buffer.alloc(4)
  head.writeUIntLE(bytes.length, 0, 3)
  head[3] = sequence
  return Buffer.concat([head, bytes])
}
