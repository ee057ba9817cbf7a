import assert from 'node:assert/strict'
import { createServer, type Server, type Socket, type AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { openMysql } from '../../../../tools/db/mysql/open.ts'
import { ask, dbLimits, dbTarget, rawQuery } from '../../../support/db-executor.ts'
import { login, password, refusalOf, short } from './scene.ts'

const open = (written: Record<string, unknown>) =>
  openMysql(dbTarget({ tables: { orders: '*' }, ...written }), dbLimits())

describe('a server that is none', () => {
  let server: Server
  let behaviour: (socket: Socket) => void
  const sockets = new Set<Socket>()

  beforeAll(async () => {
    server = createServer(socket => {
      sockets.add(socket)
      socket.on('error', () => {})
      behaviour(socket)
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  })
  afterAll(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })

  const executor = () => open({ url: `mysql://127.0.0.1:${(server.address() as AddressInfo).port}/shop` })

  test.each([
    ['says nothing', () => {}, ['target_timeout', 'target_unreachable']],
    ['hangs up', (socket: Socket) => socket.destroy(), ['target_unreachable']],
    [
      'speaks another language',
      (socket: Socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'),
      ['target_unreachable', 'target_refused', 'target_timeout'],
    ],
    [
      'sends more and more',
      (socket: Socket) => socket.write(Buffer.alloc(70_000, 0xff)),
      ['target_unreachable', 'target_refused', 'target_timeout'],
    ],
  ])('that %s', async (_name, does, codes) => {
    behaviour = does
    const opened = await executor()
    const { code } = await refusalOf(ask(opened, rawQuery('SELECT 1'), login, short), 700)
    assert.ok(codes.includes(code), code)
    await opened.close()
  })

  test.each([
    ['at the login', 0],
    ['as the answer to a setting', 1],
    ['as the answer to every statement', 2],
  ])('that asks for a file of this machine %s gets nothing of it', async (_name, phase) => {
    const sent: Buffer[] = []
    behaviour = socket => {
      let answered = 0
      socket.write(greeting('mysql_native_password'))
      socket.on('data', chunk => {
        sent.push(chunk)
        const sequence = (chunk[3] as number) + 1
        if (answered++ < phase) socket.write(packet(sequence, Buffer.from([0, 0, 0, 2, 0, 0, 0])))
        else socket.write(packet(sequence, Buffer.concat([Buffer.from([0xfb]), Buffer.from('/etc/passwd')])))
      })
    }
    const opened = await executor()
    const error = await refusalOf(ask(opened, rawQuery('SELECT 1'), login, short), 700)
    assert.notEqual(error.code, 'internal')
    assert.ok(!Buffer.concat(sent).includes('root:'))
    await opened.close()
  })

  test.each(['mysql_clear_password', 'sha256_password', 'dialog', 'mysql_old_password'])(
    'that asks for the password by %s does not get it as it is',
    async plugin => {
      const sent: Buffer[] = []
      behaviour = socket => {
        socket.write(greeting('mysql_native_password'))
        socket.on('data', chunk => {
          sent.push(chunk)
          const body = Buffer.concat([
            Buffer.from([0xfe]),
            Buffer.from(`${plugin}\0`),
            Buffer.from('12345678901234567890\0'),
          ])
          socket.write(packet((chunk[3] as number) + 1, body))
        })
      }
      const opened = await executor()
      await refusalOf(ask(opened, rawQuery('SELECT 1'), login, short), 700)
      assert.ok(!Buffer.concat(sent).includes(password))
      await opened.close()
    },
  )
})

function packet(sequence: number, body: Buffer): Buffer {
  const head = Buffer.alloc(4)
  head.writeUIntLE(body.length, 0, 3)
  head[3] = sequence
  return Buffer.concat([head, body])
}

/** The first packet of a server: protocol 10, a challenge, what it can do, how it wants to be logged in to. */
function greeting(plugin: string): Buffer {
  const capabilities = 0x8081_a6ff & ~0x800
  const low = Buffer.alloc(2)
  low.writeUInt16LE(capabilities & 0xffff)
  const high = Buffer.alloc(2)
  high.writeUInt16LE((capabilities >>> 16) & 0xffff)
  return packet(
    0,
    Buffer.concat([
      Buffer.from('\n8.0.40\0'),
      Buffer.from([7, 0, 0, 0]),
      Buffer.from('12345678\0'),
      low,
      Buffer.from([45, 2, 0]),
      high,
      Buffer.from([21]),
      Buffer.alloc(10),
      Buffer.from(`123456789012\0${plugin}\0`),
    ]),
  )
}
