import { chownSync, chmodSync, copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, assert, beforeAll, describe, test } from 'vitest'
import { Secret } from '../../../../src/secret.ts'
import { openPostgres } from '../../../../tools/db/postgres/open.ts'
import { type Authority, createAuthority } from '../../../support/certificates.ts'
import { dbContext, dbLimits, dbTarget, rawQuery } from '../../../support/db-executor.ts'
import { type EngineScene, engineScene, outcome, roleOf, rowsIn } from './engine-scene.ts'

let scene: EngineScene
let authority: Authority
let stranger: Authority
let folder: string

beforeAll(async () => {
  authority = createAuthority()
  stranger = createAuthority('Stranger')
  const issued = authority.issue('server', { alt: 'DNS:localhost', for: 'server' })
  // The server reads its key as the user that it runs as, and takes none that others can read.
  folder = mkdtempSync(join(tmpdir(), 'keyhold-db-tls-'))
  chmodSync(folder, 0o755)
  const key = join(folder, 'server.key')
  const certificate = join(folder, 'server.pem')
  const ca = join(folder, 'ca.pem')
  for (const [from, to] of [
    [issued.privateKeyFile, key],
    [issued.certificateFile, certificate],
    [authority.ca.certificateFile, ca],
  ] as const) {
    copyFileSync(from, to)
    chmodSync(to, to === key ? 0o600 : 0o644)
    if (process.geteuid?.() === 0) chownSync(to, 65_534, 65_534)
  }
  scene = await engineScene(
    `CREATE TABLE items (id int); INSERT INTO items VALUES (1);
     CREATE ROLE reader LOGIN PASSWORD 'reader'; GRANT SELECT ON items TO reader`,
    ['ssl=on', `ssl_cert_file=${certificate}`, `ssl_key_file=${key}`, `ssl_ca_file=${ca}`],
  )
})
afterAll(async () => {
  await scene?.stop()
  authority?.remove()
  stranger?.remove()
  rmSync(folder, { recursive: true, force: true })
})

const reader = roleOf('reader')
const sslQuery = rawQuery('SELECT ssl, version, cipher IS NOT NULL FROM pg_stat_ssl WHERE pid = pg_backend_pid()')

describe('TLS with a database', () => {
  const at = (host: string) => `postgres://${host}:${scene.server.port}/postgres`

  test('is spoken with a server whose certificate is trusted and has the name of the host', async () => {
    const executor = await scene.executor({ url: at('localhost'), tls: { ca: authority.ca.certificateFile } })
    const { answer, detail } = await outcome(executor, sslQuery, reader)
    assert.deepEqual(rowsIn(answer), [[true, 'TLSv1.3', true]], detail)
  })

  test('is not spoken with a certificate of another name, of an unknown authority, or without the ca', async () => {
    for (const written of [
      { url: at('127.0.0.1'), tls: { ca: authority.ca.certificateFile } },
      { url: at('localhost'), tls: { ca: stranger.ca.certificateFile } },
      { url: at('localhost'), tls: { required: true } },
      { url: at('localhost'), tls: { ca: '/nowhere/ca.pem' } },
    ]) {
      const executor = await scene.executor(written)
      const { refused } = await outcome(executor, sslQuery, reader)
      assert.equal(refused, 'target_unreachable', JSON.stringify(written))
    }
    const [row] = await scene.admin(
      "SELECT count(*)::int AS n FROM pg_stat_activity WHERE usename = 'reader' AND pid IN (SELECT pid FROM pg_stat_ssl WHERE NOT ssl)",
    )
    assert.equal(row?.['n'], 0)
  })

  test('has the certificate of an address checked against the address', async () => {
    const executor = await scene.executor({ url: at('127.0.0.1'), tls: { ca: authority.ca.certificateFile } })
    const { refused, detail } = await outcome(executor, sslQuery, reader)
    assert.equal(refused, 'target_unreachable')
    assert.include(detail, 'ERR_TLS_CERT_ALTNAME_INVALID')
  })

  test('has a running statement cancelled over TLS, too', async () => {
    const executor = await scene.executor({ url: at('localhost'), tls: { ca: authority.ca.certificateFile } })
    const abort = new AbortController()
    const call = outcome(executor, rawQuery('SELECT pg_sleep(60)::text'), reader, { signal: abort.signal })
    const active = "SELECT pid FROM pg_stat_activity WHERE usename = 'reader' AND state = 'active'"
    while ((await scene.admin(active)).length === 0);
    abort.abort()
    assert.isNotNull((await call).refused)
    while ((await scene.admin(active)).length > 0);
  })

  test('presents the client certificate', async () => {
    const issued = authority.issue('reader', { alt: 'DNS:reader', for: 'client' })
    const executor = await scene.executor({
      url: at('localhost'),
      tls: { ca: authority.ca.certificateFile, certificate: 'client' },
    })
    const certificate = {
      type: 'mtls',
      certificate: issued.certificate,
      privateKey: new Secret('client', issued.privateKey),
    } as const
    const query = rawQuery('SELECT client_dn FROM pg_stat_ssl WHERE pid = pg_backend_pid()')
    const { answer } = await executor.execute(query, { ...dbContext(dbLimits(), reader), others: { certificate } })
    assert.deepEqual(rowsIn(answer), [['/CN=reader']])
  })
})

describe('a server that would have the password without TLS', () => {
  /** Answers every login in one way, and keeps what it was sent. */
  async function serverSaying(...answers: readonly Buffer[]) {
    const sent: Buffer[] = []
    const sockets: Socket[] = []
    const server = createServer(socket => {
      let at = 0
      sockets.push(socket.on('error', () => {}))
      socket.on('data', chunk => {
        sent.push(chunk)
        const answer = answers[at++]
        if (answer !== undefined) socket.write(answer)
      })
    })
    await new Promise<void>(resolve => void server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as { port: number }
    const close = () => {
      for (const socket of sockets) socket.destroy()
      server.close()
    }
    return { port, sent, close }
  }

  const clear = Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 3])
  const secret = roleOf('reader', 'hunter2-in-plain')
  const short = dbLimits({ timeoutMs: 1_000 })

  test('gets nothing when it does not offer TLS', async () => {
    for (const answer of [Buffer.from('N'), Buffer.from('E'), Buffer.concat([Buffer.from('S'), clear])]) {
      const server = await serverSaying(answer, clear)
      const target = { url: `postgres://localhost:${server.port}/x`, tables: { a: '*' }, tls: { required: true } }
      const executor = await openPostgres(dbTarget(target), short)
      const { refused } = await outcome(executor, rawQuery('SELECT 1'), secret, { limits: short })
      assert.equal(refused, 'target_unreachable')
      assert.equal(Buffer.concat(server.sent).length, 8) // the request for TLS, and nothing else
      server.close()
    }
  })

  test('does not get it in clear text', async () => {
    const server = await serverSaying(clear)
    const target = { url: `postgres://localhost:${server.port}/x`, tables: { a: '*' } }
    const executor = await openPostgres(dbTarget(target), short)
    const { refused } = await outcome(executor, rawQuery('SELECT 1'), secret, { limits: short })
    assert.equal(refused, 'target_refused')
    assert.notInclude(Buffer.concat(server.sent).toString('latin1'), 'hunter2')
    server.close()
  })
})
