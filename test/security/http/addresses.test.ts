import { networkInterfaces } from 'node:os'
import { lookup } from 'node:dns/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type CustomScene, setCustomScene } from '../../support/custom-scene.ts'
import { type Home, makeHome } from '../../support/home.ts'
import { startRawUpstream, type RawUpstream } from '../../support/raw-upstream.ts'

/* Targets that lead into this machine, its network or its cloud, in every spelling that a URL can have. */

type Refused = readonly [baseUrl: string, more?: Record<string, unknown>]

const listed = { unsafe_allow_private: ['0.0.0.0/0', '::/0'] }
const plain = { unsafe_plain_http: true }

const refused: readonly Refused[] = [
  ['https://10.0.0.1'],
  ['https://10.255.255.255'],
  ['https://172.16.0.1'],
  ['https://172.31.255.255'],
  ['https://192.168.1.1'],
  ['https://100.64.0.1'],
  ['https://0.0.0.0'],
  ['https://0'],
  ['https://0.1.2.3'],
  ['https://255.255.255.255'],
  ['https://224.0.0.1'],
  ['https://240.0.0.1'],
  ['https://192.0.2.1'],
  ['https://198.18.0.1'],
  ['https://203.0.113.1'],
  ['https://169.254.1.1'],
  ['https://169.254.169.254'],
  ['https://169.254.169.254./latest'],
  ['http://169.254.169.254', plain],
  // Other spellings of an IPv4 address, as the URL standard reads them.
  ['https://2852039166'],
  ['https://0xa9fea9fe'],
  ['https://0xA9.0xFE.0xA9.0xFE'],
  ['https://0251.0376.0251.0376'],
  ['https://169.254.43518'],
  ['https://169.16689662'],
  ['https://\u2460\u2461\u2466.0.0.1.\u2460'],
  ['https://167772161'],
  ['https://0x0a000001'],
  ['https://012.0.0.1'],
  ['https://10.1'],
  ['https://192.168.257'],
  ['https://\uff11\uff10.0.0.1'],
  ['https://%31%30.0.0.1'],
  // IPv6, and IPv4 within it.
  ['https://[::]'],
  ['https://[fe80::1]'],
  ['https://[fc00::1]'],
  ['https://[fd00:ec2::254]'],
  ['https://[ff02::1]'],
  ['https://[fec0::1]'],
  ['https://[2001:db8::1]'],
  ['https://[100::1]'],
  ['https://[::ffff:10.0.0.1]'],
  ['https://[::ffff:169.254.169.254]'],
  ['https://[::ffff:a9fe:a9fe]'],
  ['https://[::169.254.169.254]'],
  ['https://[::10.0.0.1]'],
  ['https://[::127.0.0.1]'],
  ['https://[64:ff9b::169.254.169.254]'],
  ['https://[64:ff9b::10.0.0.1]'],
  ['https://[64:ff9b:1::a9fe:a9fe]'],
  ['https://[2002:a9fe:a9fe::1]'],
  ['https://[2002:7f00:1::]'],
  ['https://[2001:0:4136:e378:8000:63bf:3fff:fdd2]'],
  ['https://[::ffff:0:10.0.0.1]'],
  ['https://[2001:db8::5efe:10.0.0.1]'],
  ['https://[fe80::1%25eth0]'],
  // Metadata, which no list permits.
  ['https://169.254.169.254', listed],
  ['https://2852039166', listed],
  ['https://[::ffff:169.254.169.254]', listed],
  ['https://[64:ff9b::169.254.169.254]', listed],
  ['https://[fd00:ec2::254]', listed],
  ['https://100.100.100.200', listed],
  ['https://168.63.129.16', listed],
  ['https://192.0.0.192', listed],
  ['https://169.254.170.2', listed],
  ['https://[fe80::1]', listed],
  ['https://metadata.google.internal'],
  ['https://metadata.google.internal.', listed],
  ['https://METADATA.google.internal'],
  ['https://metadata'],
  ['https://instance-data'],
  ['https://10.0.0.1', { unsafe_allow_private: ['10.1.0.0/16'] }],
  ['https://10.0.0.1', { unsafe_allow_private: ['169.254.0.0/16'] }],
  // Not encrypted, or not a place at all.
  ['http://api.example.com'],
  ['http://localhost.example.com'],
  ['http://127.0.0.1.example.com'],
  ['http://localhost@example.com'],
  ['https://user@api.example.com'],
  ['https://:pass@api.example.com'],
  ['https://api.example.com?a=b'],
  ['https://api.example.com#a'],
  ['https://api.example.com/a//b'],
  ['https://api.example.com/a%2fb'],
  ['https://api.example.com/:a'],
  ['https://api.example.com/**'],
  ['https://'],
  ['https:// api.example.com'],
  ['https://api.example.com:99999'],
  ['ftp://api.example.com'],
  ['file:///etc/passwd'],
  ['javascript:alert(1)'],
  ['unix:///var/run/docker.sock'],
  ['//api.example.com'],
  ['api.example.com'],
  ['*'],
  [''],
]

const toolAt = (baseUrl: string, more: Record<string, unknown> = {}) => ({
  kind: 'http',
  description: 'Somewhere',
  base_url: baseUrl,
  allow: ['GET /a'],
  ...more,
})

describe('a target that may never be reached is refused when the configuration is loaded', () => {
  let home: Home
  let problems: string
  beforeAll(async () => {
    home = makeHome()
    const tools = Object.fromEntries(refused.map(([baseUrl, more], index) => [`tool${index}`, toolAt(baseUrl, more)]))
    // The base URLs that the schema refuses hide those that are refused later, so each half is loaded by itself.
    const texts: string[] = []
    for (let left = Object.keys(tools); left.length > 0; ) {
      const document = { version: 1, tools: Object.fromEntries(left.map(name => [name, tools[name]])) }
      home.writeConfig(document)
      const { code, out, err } = await home.run(['check'])
      texts.push(out + err)
      const next = left.filter(name => !named(out + err, name))
      if (code === 0 || next.length === left.length) break
      left = next
    }
    problems = texts.join('\n')
  })
  afterAll(() => home?.remove())

  const named = (text: string, tool: string) => new RegExp(`\\b${tool}\\.(?:base_url|unsafe_allow_private)`).test(text)

  test.each(refused.map(([baseUrl, more = {}], index) => [baseUrl, Object.keys(more).join(), index] as const))(
    '%s %s',
    (_baseUrl, _more, index) => {
      expect(named(problems, `tool${index}`), problems.slice(0, 2_000)).toBe(true)
    },
  )
})

/** A name of this machine that is not `localhost`, and to what it leads. */
async function nameOfThisMachine(): Promise<string | null> {
  const { hostname } = await import('node:os')
  for (const name of [hostname(), 'ip6-localhost', 'ip6-loopback']) {
    const addresses = await lookup(name, { all: true }).catch(() => [])
    const own = new Set(Object.values(networkInterfaces()).flatMap(list => (list ?? []).map(({ address }) => address)))
    if (addresses.length > 0 && addresses.every(({ address }) => own.has(address) || address.startsWith('127.')))
      return name
  }
  return null
}

const name = await nameOfThisMachine()
const private_ = [
  '127.0.0.0/8',
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '::1/128',
  'fc00::/7',
  '100.64.0.0/10',
]

// Not every machine's own name resolves to an address of its own.
describe.skipIf(name === null)('a name that leads into this machine or its network', () => {
  let upstream: RawUpstream
  let scene: CustomScene
  beforeAll(async () => {
    upstream = await startRawUpstream(socket => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok')
    })
    const url = `http://${name}:${upstream.port}`
    scene = await setCustomScene({ key: 'k3y-R4nd0mLookingValue' }, file => {
      const tool = (baseUrl: string, more: Record<string, unknown>) => ({
        ...toolAt(baseUrl, { credential: 'key', retries: 0, ...plain, ...more }),
        allow: ['GET /a', 'POST /a'],
      })
      return {
        credentials: { key: { type: 'bearer', token: file('key') } },
        tools: {
          refused: tool(url, {}),
          upper: tool(url.toUpperCase().replace('HTTP', 'http'), {}),
          other: tool(url, { unsafe_allow_private: ['198.51.100.0/24'] }),
          allowed: tool(url, { unsafe_allow_private: private_ }),
          literal: tool(upstream.url, {}),
          local: tool(`http://localhost:${upstream.port}`, {}),
          nowhere: tool('http://name-that-does-not-exist.invalid', {}),
          closed: tool('http://127.0.0.1:1', {}),
          proxied: tool('http://api.example.com', { proxy: { url } }),
        },
      }
    })
  })
  afterAll(async () => {
    await scene?.end()
    await upstream?.close()
  })

  const unreachable = ['refused', 'upper', 'other', 'proxied', 'nowhere', 'closed'].flatMap(tool =>
    ['GET', 'POST'].map(method => [tool, method] as const),
  )
  test.each(unreachable)('%s %s: target_unreachable, and no connection', async (tool, method) => {
    const connections = upstream.connections()
    const called = await scene.call(`${tool}_call_api`, { method, path: '/a' })
    expect(called.structured['code']).toBe('target_unreachable')
    expect(upstream.connections()).toBe(connections)
  })

  test.each(['allowed', 'literal'])('%s: reached', async tool => {
    const called = await scene.call(`${tool}_call_api`, { method: 'GET', path: '/a' })
    expect(called.structured).toMatchObject({ status: 200, body: 'ok' })
    const host = tool === 'allowed' ? name : '127.0.0.1'
    expect(upstream.requests.at(-1)?.head.toLowerCase()).toContain(`host: ${host}:${upstream.port}\r\n`.toLowerCase())
  })

  test('localhost needs no permission', async () => {
    const called = await scene.call('local_call_api', { method: 'GET', path: '/a' })
    expect(called.structured).toMatchObject({ status: 200, body: 'ok' })
  })

  test('what is unsafe is on record', () => {
    expect(JSON.stringify(scene.events('config.unsafe'))).toContain('tools.allowed.unsafe_allow_private')
  })
})
