import { execFileSync } from 'node:child_process'
import { chmodSync, chownSync, copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { createAuthority } from '../../support/certificates.ts'
import { setCustomScene } from '../../support/custom-scene.ts'
import { startPostgres } from '../../support/database-server.ts'
import { databases } from '../../support/databases.ts'
import { findForms } from '../../support/forms.ts'
import { argumentsOf, childrenOf, environmentOf } from '../../support/processes.ts'
import { rootToken, startVault } from '../../support/vault-server.ts'

/* The ways by which a tool logs in to a database, other than with a password that is kept for it. */

const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

const tool = { kind: 'db', description: 'The shop', tables: { orders: '*' }, limits: { timeout: '10s' } }
const query = { sql: 'select id from orders' }

test('a user that Vault makes for a tool logs in, is in no argument, and is gone when the worker is', async () => {
  const database = await databases.PostgreSQL()
  cleanUps.push(() => database.stop())
  await database.admin('CREATE TABLE orders (id int)', 'INSERT INTO orders VALUES (7)', 'CREATE ROLE readers')
  await database.admin('GRANT SELECT ON orders TO readers')
  let password = ''
  const vault = await startVault({
    database: {
      async make(username, made) {
        password = made
        await database.admin(`CREATE ROLE "${username}" LOGIN PASSWORD '${made}' IN ROLE readers`)
      },
      drop: username =>
        database.admin(
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '${username}'`,
          `DROP ROLE "${username}"`,
        ),
    },
  })
  cleanUps.push(() => vault.close())
  const scene = await setCustomScene({ token: rootToken }, file => ({
    stores: { vault: { address: vault.url, login: { token: file('token') } } },
    credentials: {
      orders: {
        type: 'password',
        username: { vault: 'database/creds/readonly#username' },
        password: { vault: 'database/creds/readonly#password' },
      },
    },
    tools: { shop: { ...tool, url: database.url, credential: 'orders' } },
  }))
  cleanUps.push(() => scene.home.remove())
  for (let call = 0; call < 3; call += 1) {
    const { structured, raw } = await scene.call('shop_db_query', query)
    expect(structured, raw).toMatchObject({ rows: [[7]] })
  }
  expect(vault.users()).toHaveLength(1)
  expect(password).not.toBe('')
  for (const pid of [scene.pid, ...childrenOf(scene.pid)])
    expect(findForms([...argumentsOf(pid), ...environmentOf(pid)].join('\n'), password)).toEqual([])
  await scene.close()
  await expect
    .poll(() => database.rows("SELECT rolname FROM pg_roles WHERE rolname LIKE 'v-%'"), { timeout: 5_000 })
    .toEqual([])
  expect(findForms(scene.log() + scene.home.auditText(), password)).toEqual([])
})

describe('a client certificate', () => {
  test('logs in where the server wants one, over TLS with the name verified, and no password is there at all', async () => {
    const authority = createAuthority()
    cleanUps.push(() => authority.remove())
    const issued = authority.issue('database', { alt: 'DNS:localhost', for: 'server' })
    const agent = authority.issue('agent', { alt: 'DNS:agent.test', for: 'client' })
    chmodSync(agent.certificateFile, 0o600)
    chmodSync(agent.privateKeyFile, 0o600)
    const server = await startPostgres()
    cleanUps.push(() => server.stop())
    const within = (file: string) => join(server.folder, file)
    const files = {
      'server.pem': issued.certificateFile,
      'server.key': issued.privateKeyFile,
      'ca.pem': authority.ca.certificateFile,
    }
    for (const [name, file] of Object.entries(files)) {
      copyFileSync(file, within(name))
      chmodSync(within(name), 0o600)
      if (process.geteuid?.() === 0) chownSync(within(name), 65_534, 65_534)
    }
    const psql = (...statements: readonly string[]) =>
      execFileSync(
        'psql',
        [
          '-h',
          server.folder,
          '-p',
          String(server.port),
          '-U',
          'postgres',
          '-v',
          'ON_ERROR_STOP=1',
          ...statements.flatMap(sql => ['-c', sql]),
        ],
        { stdio: ['ignore', 'pipe', 'pipe'] },
      )
    psql(
      'CREATE TABLE orders (id int)',
      'INSERT INTO orders VALUES (7)',
      'CREATE ROLE agent LOGIN',
      'GRANT SELECT ON orders TO agent',
      `ALTER SYSTEM SET ssl_cert_file = '${within('server.pem')}'`,
      `ALTER SYSTEM SET ssl_key_file = '${within('server.key')}'`,
      `ALTER SYSTEM SET ssl_ca_file = '${within('ca.pem')}'`,
      'ALTER SYSTEM SET ssl = on',
      `COPY (SELECT 'local all postgres trust' UNION ALL SELECT 'host all postgres 127.0.0.1/32 scram-sha-256' UNION ALL SELECT 'hostssl all agent all cert clientname=CN') TO '${within('data/pg_hba.conf')}'`,
      'SELECT pg_reload_conf()',
    )
    const scene = await setCustomScene({}, () => ({
      credentials: {
        agent: {
          type: 'mtls',
          certificate: { file: agent.certificateFile },
          private_key: { file: agent.privateKeyFile },
        },
      },
      tools: {
        shop: {
          ...tool,
          url: `postgres://localhost:${server.port}/postgres`,
          user: 'agent',
          tls: { ca: authority.ca.certificateFile, certificate: 'agent' },
        },
        bare: {
          ...tool,
          url: `postgres://localhost:${server.port}/postgres`,
          user: 'agent',
          tls: { ca: authority.ca.certificateFile },
        },
      },
    }))
    cleanUps.push(() => scene.end())
    const { structured, raw } = await scene.call('shop_db_query', query)
    expect(structured, raw + JSON.stringify(scene.calls())).toMatchObject({ rows: [[7]] })
    const refused = await scene.call('bare_db_query', query)
    expect(refused.structured['code']).toBe('credential_unavailable')
  })
})
