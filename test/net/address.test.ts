import { describe, expect, test } from 'vitest'
import {
  type AddressClass,
  answerProblem,
  behindProxyProblem,
  classifyAddress,
  isLoopbackHost,
  literalProblem,
  parseCidr,
  reachProblem,
} from '../../src/net/address.ts'

/** Everything that a list can hold. */
const everything = ['0.0.0.0/0', '::/0'].map(parseCidr)

const never: ReadonlySet<AddressClass> = new Set(['metadata', 'link_local', 'unparsable'])

const addresses: readonly (readonly [string, AddressClass])[] = [
  // IPv4, public, also next to ranges that are not
  ['8.8.8.8', 'public'],
  ['1.1.1.1', 'public'],
  ['9.255.255.255', 'public'],
  ['11.0.0.0', 'public'],
  ['100.63.255.255', 'public'],
  ['100.128.0.0', 'public'],
  ['126.255.255.255', 'public'],
  ['128.0.0.0', 'public'],
  ['168.63.129.15', 'public'],
  ['168.63.129.17', 'public'],
  ['169.253.255.255', 'public'],
  ['169.255.0.0', 'public'],
  ['172.15.255.255', 'public'],
  ['172.32.0.0', 'public'],
  ['192.167.255.255', 'public'],
  ['192.169.0.0', 'public'],
  ['198.17.255.255', 'public'],
  ['198.20.0.0', 'public'],
  ['223.255.255.255', 'public'],
  // IPv4, special
  ['0.0.0.0', 'unspecified'],
  ['0.1.2.3', 'unspecified'],
  ['10.0.0.0', 'private'],
  ['10.255.255.255', 'private'],
  ['172.16.0.1', 'private'],
  ['172.31.255.255', 'private'],
  ['192.168.0.1', 'private'],
  ['192.168.255.255', 'private'],
  ['100.64.0.0', 'carrier_grade_nat'],
  ['100.127.255.255', 'carrier_grade_nat'],
  ['100.100.100.199', 'carrier_grade_nat'],
  ['127.0.0.1', 'loopback'],
  ['127.255.255.255', 'loopback'],
  ['169.254.0.0', 'link_local'],
  ['169.254.1.1', 'link_local'],
  ['169.254.255.255', 'link_local'],
  ['169.254.169.253', 'link_local'],
  ['192.0.0.1', 'reserved'],
  ['192.0.2.1', 'reserved'],
  ['198.51.100.1', 'reserved'],
  ['203.0.113.1', 'reserved'],
  ['192.88.99.1', 'reserved'],
  ['192.31.196.1', 'reserved'],
  ['192.52.193.1', 'reserved'],
  ['192.175.48.1', 'reserved'],
  ['198.18.0.1', 'reserved'],
  ['198.19.255.255', 'reserved'],
  ['240.0.0.1', 'reserved'],
  ['255.255.255.254', 'reserved'],
  ['255.255.255.255', 'broadcast'],
  ['224.0.0.1', 'multicast'],
  ['239.255.255.255', 'multicast'],
  // metadata services
  ['169.254.169.254', 'metadata'],
  ['169.254.170.2', 'metadata'],
  ['169.254.170.23', 'metadata'],
  ['169.254.0.23', 'metadata'],
  ['169.254.42.42', 'metadata'],
  ['168.63.129.16', 'metadata'],
  ['192.0.0.192', 'metadata'],
  ['100.100.100.200', 'metadata'],
  ['fd00:ec2::254', 'metadata'],
  ['fd00:ec2::23', 'metadata'],
  ['fd00:0ec2:ffff::1', 'metadata'],
  ['fd20:ce::254', 'metadata'],
  ['fd00:42::42', 'metadata'],
  // IPv6, public
  ['2606:4700:4700::1111', 'public'],
  ['2001:4860:4860::8888', 'public'],
  ['2001:200::1', 'public'],
  ['2a00:1450:4001:80b::200e', 'public'],
  ['2600::', 'public'],
  // IPv6, special
  ['::', 'unspecified'],
  ['::1', 'loopback'],
  ['0:0:0:0:0:0:0:1', 'loopback'],
  ['fe80::1', 'link_local'],
  ['febf:ffff::1', 'link_local'],
  ['fe80::a9fe:a9fe', 'link_local'],
  ['fec0::1', 'private'],
  ['fc00::1', 'unique_local'],
  ['fd00::1', 'unique_local'],
  ['fd00:ec1::254', 'unique_local'],
  ['fdff:ffff::1', 'unique_local'],
  ['ff02::1', 'multicast'],
  ['ff0e::1', 'multicast'],
  ['100::1', 'reserved'],
  ['2001:db8::1', 'reserved'],
  ['3fff::1', 'reserved'],
  ['3fff:fff::1', 'reserved'],
  ['2001:2::1', 'reserved'],
  ['2001:3::1', 'reserved'],
  ['2001:4:112::1', 'reserved'],
  ['2001:10::1', 'reserved'],
  ['2001:20::1', 'reserved'],
  ['2001:1::1', 'reserved'],
  ['2620:4f:8000::1', 'reserved'],
  ['5f00::1', 'reserved'],
  ['4000::1', 'reserved'],
  ['1000::1', 'reserved'],
  ['200::1', 'reserved'],
  ['::1:0:0:0', 'reserved'],
  // IPv4 inside of IPv6: mapped is the IPv4 address itself
  ['::ffff:8.8.8.8', 'public'],
  ['::ffff:808:808', 'public'],
  ['::ffff:10.0.0.1', 'private'],
  ['::ffff:127.0.0.1', 'loopback'],
  ['::FFFF:7F00:1', 'loopback'],
  ['0:0:0:0:0:ffff:a9fe:a9fe', 'metadata'],
  ['::ffff:169.254.1.1', 'link_local'],
  ['::ffff:168.63.129.16', 'metadata'],
  ['::ffff:0.0.0.0', 'unspecified'],
  // compatible, translated, NAT64, 6to4, Teredo, ISATAP
  ['::8.8.8.8', 'embedded'],
  ['::808:808', 'embedded'],
  ['::2', 'embedded'],
  ['::127.0.0.1', 'embedded'],
  ['::169.254.169.254', 'metadata'],
  ['::ffff:0:8.8.8.8', 'embedded'],
  ['::ffff:0:169.254.169.254', 'metadata'],
  ['64:ff9b::8.8.8.8', 'embedded'],
  ['64:ff9b::10.0.0.1', 'embedded'],
  ['64:ff9b::a9fe:a9fe', 'metadata'],
  ['64:ff9b::168.63.129.16', 'metadata'],
  ['64:ff9b:1::8.8.8.8', 'embedded'],
  ['64:ff9b:1::a9fe:a9fe', 'metadata'],
  ['64:ff9b:1:a9fe:a9:fe00::', 'metadata'],
  ['64:ff9b:1:00a9:00fe:a9fe::', 'metadata'],
  ['64:ff9b:1:0:00a9:fea9:fe00:0', 'metadata'],
  ['2002:808:808::1', 'embedded'],
  ['2002:a00:1::1', 'embedded'],
  ['2002:7f00:1::', 'embedded'],
  ['2002:a9fe:a9fe::1', 'metadata'],
  ['2002:a83f:8110::', 'metadata'],
  ['2001:0:4136:e378:8000:63bf:3fff:fdd2', 'embedded'],
  ['2001:0:a9fe:a9fe:8000:63bf:3fff:fdd2', 'metadata'],
  ['2001:0:4136:e378:8000:63bf:5601:5601', 'metadata'],
  ['2606:4700::5efe:8.8.8.8', 'embedded'],
  ['2606:4700::200:5efe:10.0.0.1', 'embedded'],
  ['2606:4700::5efe:169.254.169.254', 'metadata'],
  // zones: only a link-local address can have one
  ['fe80::1%eth0', 'link_local'],
  ['fe80::1%25eth0', 'link_local'],
  ['::1%lo', 'unparsable'],
  ['2606:4700:4700::1111%eth0', 'unparsable'],
  ['fd00:ec2::254%1', 'metadata'],
  // forms that a resolver might read in another way than we
  ['', 'unparsable'],
  ['127.1', 'unparsable'],
  ['0x7f.0.0.1', 'unparsable'],
  ['0x7f000001', 'unparsable'],
  ['0177.0.0.1', 'unparsable'],
  ['010.8.8.8', 'unparsable'],
  ['2130706433', 'unparsable'],
  ['8.8.8.8.', 'unparsable'],
  ['8.8.8', 'unparsable'],
  ['8.8.8.8:80', 'unparsable'],
  ['8.8.8.256', 'unparsable'],
  [' 8.8.8.8', 'unparsable'],
  ['8.8.8.8\n', 'unparsable'],
  ['8.8.8.8/32', 'unparsable'],
  ['１.1.1.1', 'unparsable'],
  ['[::1]', 'unparsable'],
  ['::ffff:0x7f.0.0.1', 'unparsable'],
  ['::ffff:0177.0.0.1', 'unparsable'],
  ['1::2::3', 'unparsable'],
  ['fe80::1%', 'unparsable'],
  ['localhost', 'unparsable'],
]

describe('every address has one class, and the class decides', () => {
  test.each(addresses)('%j is %s', (address, expected) => {
    expect(classifyAddress(address)).toBe(expected)
    expect(reachProblem(address, []) === null).toBe(expected === 'public')
    expect(reachProblem(address, everything) === null).toBe(!never.has(expected))
  })

  test('the table is as large as it has to be', () => {
    expect(new Set(addresses.map(([address]) => address)).size).toBe(addresses.length)
    expect(addresses.length).toBeGreaterThan(140)
  })

  test('an address has the same class however it is written', () => {
    let seed = 1
    const next = () => (seed = (seed * 48_271) % 0x7fffffff)
    const prefixes = [
      '2002:a9fe:a9fe',
      '64:ff9b',
      '2001:0',
      'fd00:ec2',
      '0:0',
      '0:0:0:0:0:ffff',
      '2606',
      'fe80',
      '5f00',
    ]
    for (let round = 0; round < 2_000; round += 1) {
      const parts = (prefixes[next() % prefixes.length] as string).split(':')
      while (parts.length < 8) parts.push(next() % 3 === 0 ? '0' : (next() % 0x10000).toString(16))
      const long = parts.map(part => part.padStart(4, '0').toUpperCase()).join(':')
      const short = new URL(`http://[${parts.join(':')}]`).hostname.slice(1, -1)
      expect(classifyAddress(long), `${long} and ${short}`).toBe(classifyAddress(short))
    }
  })
})

describe('a list of ranges', () => {
  const cases: readonly (readonly [list: readonly string[], address: string, reached: boolean])[] = [
    [['10.0.0.0/8'], '10.1.2.3', true],
    [['10.0.0.0/8'], '11.1.2.3', true], // public anyway
    [['10.0.0.0/8'], '192.168.1.1', false],
    [['10.1.0.0/16'], '10.2.0.1', false],
    [['10.0.0.1'], '10.0.0.1', true],
    [['10.0.0.1'], '10.0.0.2', false],
    [['10.0.0.1/32'], '::ffff:10.0.0.1', true],
    [['10.0.0.0/8'], '::ffff:10.9.9.9', true],
    [['10.0.0.0/8'], '64:ff9b::10.0.0.1', false],
    [['10.0.0.0/8'], '2002:a00:1::', false],
    [['10.0.0.0/8'], '::10.0.0.1', false],
    [['64:ff9b::/96'], '64:ff9b::10.0.0.1', true],
    [['64:ff9b::/96'], '64:ff9b::169.254.169.254', false],
    [['::/0'], '10.0.0.1', false],
    [['::/0'], '::ffff:10.0.0.1', false],
    [['0.0.0.0/0'], 'fd00::1', false],
    [['0.0.0.0/0'], '169.254.169.254', false],
    [['0.0.0.0/0'], '169.254.1.1', false],
    [['0.0.0.0/0'], '168.63.129.16', false],
    [['192.0.0.0/24'], '192.0.0.192', false],
    [['100.64.0.0/10'], '100.100.100.200', false],
    [['100.64.0.0/10'], '100.100.100.201', true],
    [['fc00::/7'], 'fd12::1', true],
    [['fc00::/7'], 'fd00:ec2::254', false],
    [['fd12:3456::/32'], 'fd12:3457::1', false],
    [['fd12::5'], 'fd12::5', true],
    [['fd12::5'], 'fd12:0:0:0:0:0:0:0005', true],
    [['127.0.0.0/8'], '127.0.0.1', true],
    [['127.0.0.0/8'], '::1', false],
    [['::1'], '::1', true],
    [[], '127.0.0.1', false],
    [['172.16.0.0/12', '10.0.0.0/8'], '10.0.0.1', true],
    [['128.0.0.0/1'], '192.168.0.1', true],
    [['128.0.0.0/1'], '127.0.0.1', false],
  ]
  test.each(cases)('%j, %s: %s', (list, address, reached) => {
    expect(reachProblem(address, list.map(parseCidr)) === null).toBe(reached)
  })

  const refused: readonly (readonly [string, string])[] = [
    ['', 'is not a range'],
    ['10.0.0.0/8 ', 'after the slash'],
    [' 10.0.0.0/8', 'is not a range'],
    ['10.0.0.0/', 'after the slash'],
    ['10.0.0.0/33', 'from 0 to 32'],
    ['fd00::/129', 'from 0 to 128'],
    ['10.0.0.0/08', 'after the slash'],
    ['10.0.0.0/-1', 'after the slash'],
    ['10.0.0.0/+8', 'after the slash'],
    ['10.0.0.0/1e1', 'after the slash'],
    ['10.0.0.0/8/8', 'is not a range'],
    ['10.0.0.0/255.0.0.0', 'after the slash'],
    ['10/8', 'is not a range'],
    ['010.0.0.0/8', 'is not a range'],
    ['0xa.0.0.0/8', 'is not a range'],
    ['[fd00::]/8', 'is not a range'],
    ['localhost', 'is not a range'],
    ['*', 'is not a range'],
    ['10.0.0.1/8', 'write 10.0.0.0/8'],
    ['10.1.2.3/20', 'write 10.1.0.0/20'],
    ['fd12::1/64', 'write fd12::/64'],
    ['::ffff:10.0.0.0/104', 'write it as IPv4'],
    ['::ffff:10.0.0.1', 'write it as IPv4'],
    ['169.254.169.254', 'never reached'],
    ['169.254.0.0/16', 'never reached'],
    ['168.63.129.16/32', 'never reached'],
    ['fe80::/10', 'never reached'],
    ['fe80::1%eth0', 'is not a range'],
    ['fd00:ec2::/32', 'never reached'],
  ]
  test.each(refused)('%j is refused: %s', (text, sentence) => {
    expect(() => parseCidr(text)).toThrow(sentence)
  })
})

describe('a host in the configuration', () => {
  const hosts: readonly (readonly [url: string, list: readonly string[], fine: boolean])[] = [
    ['https://api.example.com', [], true],
    ['http://localhost', [], true],
    ['http://127.0.0.1', [], true],
    ['http://127.1.2.3', [], true],
    ['http://[::1]', [], true],
    ['http://[::ffff:127.0.0.1]', [], true],
    ['http://2130706433', [], true], // the URL standard makes 127.0.0.1 of it
    ['http://0x7f.1', [], true],
    ['https://8.8.8.8', [], true],
    ['https://[2606:4700:4700::1111]', [], true],
    ['https://10.0.0.1', [], false],
    ['https://10.0.0.1', ['10.0.0.0/8'], true],
    ['https://012.0.0.1', [], false],
    ['https://0xa000001', [], false],
    ['https://167772161', [], false],
    ['https://[::ffff:10.0.0.1]', [], false],
    ['https://[::ffff:10.0.0.1]', ['10.0.0.1'], true],
    ['https://[fd00::1]', [], false],
    ['https://[fd00::1]', ['fd00::/8'], true],
    ['http://0.0.0.0', [], false],
    ['http://0', [], false],
    ['http://[::]', [], false],
    ['http://169.254.169.254', ['0.0.0.0/0'], false],
    ['http://0xa9fea9fe', ['0.0.0.0/0'], false],
    ['http://2852039166', ['0.0.0.0/0'], false],
    ['http://0251.0376.0251.0376', ['0.0.0.0/0'], false],
    ['http://１６９.254.169.254', ['0.0.0.0/0'], false],
    ['http://169。254。169。254', ['0.0.0.0/0'], false],
    ['http://[::ffff:a9fe:a9fe]', ['::/0', '0.0.0.0/0'], false],
    ['http://[64:ff9b::a9fe:a9fe]', ['::/0'], false],
    ['http://[fd00:ec2::254]', ['::/0'], false],
    ['http://[fe80::1]', ['::/0'], false],
    ['http://metadata.google.internal', ['0.0.0.0/0', '::/0'], false],
    ['http://METADATA.google.internal.', [], false],
    ['http://metadata', [], false],
    ['http://instance-data', [], false],
    ['http://my-metadata.example', [], true],
  ]
  test.each(hosts)('%s with %j: %s', (url, list, fine) => {
    expect(literalProblem(new URL(url).hostname, list.map(parseCidr)) === null).toBe(fine)
  })

  test('only localhost itself and loopback addresses say that they are this machine', () => {
    const loopback = ['localhost', '127.0.0.1', '127.9.9.9', '[::1]', '::1', '[::ffff:7f00:1]']
    const others = [
      'localhost.',
      'a.localhost',
      'localhost.example',
      '0.0.0.0',
      '[::]',
      '[::127.0.0.1]',
      '10.0.0.1',
      '',
    ]
    expect(loopback.filter(host => !isLoopbackHost(host))).toEqual([])
    expect(others.filter(isLoopbackHost)).toEqual([])
  })

  const answers: readonly (readonly [
    name: string,
    addresses: readonly string[],
    list: readonly string[],
    fine: boolean,
  ])[] = [
    ['api.test', ['8.8.8.8'], [], true],
    ['api.test', ['8.8.8.8', '2606:4700::1'], [], true],
    ['api.test', ['8.8.8.8', '10.0.0.1'], [], false],
    ['api.test', ['10.0.0.1', '8.8.8.8'], ['10.0.0.0/8'], true],
    ['api.test', ['127.0.0.1'], [], false],
    ['api.test', ['127.0.0.1'], ['127.0.0.0/8'], true],
    ['api.test', ['::1'], ['127.0.0.0/8'], false],
    ['api.test', ['8.8.8.8', '169.254.169.254'], ['0.0.0.0/0'], false],
    ['api.test', ['8.8.8.8', 'localhost'], ['0.0.0.0/0'], false],
    ['localhost', ['127.0.0.1', '::1'], [], true],
    ['localhost', ['127.0.0.1', '10.0.0.1'], ['10.0.0.0/8'], false],
    ['localhost', ['8.8.8.8'], [], false],
    ['localhost', ['localhost'], [], false],
    ['a.localhost', ['127.0.0.1'], [], false],
  ]
  test.each(answers)('%s resolving to %j with %j: %s', (name, given, list, fine) => {
    expect(answerProblem(name, given, list.map(parseCidr)) === null).toBe(fine)
  })

  const proxied: readonly (readonly [host: string, list: readonly string[], fine: boolean])[] = [
    ['api.test', [], true],
    ['8.8.8.8', [], true],
    ['10.0.0.1', [], false],
    ['10.0.0.1', ['10.0.0.0/8'], true],
    ['127.0.0.1', [], false],
    ['127.0.0.1', ['127.0.0.1'], true],
    ['[::1]', [], false],
    ['localhost', ['127.0.0.0/8'], false],
    ['localhost.', [], false],
    ['x.localhost', [], false],
    ['169.254.169.254', ['0.0.0.0/0'], false],
    ['metadata.google.internal', [], false],
    ['metadata.google.internal.', [], false],
  ]
  test.each(proxied)('%s asked of a proxy with %j: %s', (host, list, fine) => {
    expect(behindProxyProblem(host, list.map(parseCidr)) === null).toBe(fine)
  })
})

test('a sentence for the record quotes no text that is not an address', () => {
  const sentence = reachProblem('x'.repeat(10_000), []) ?? ''
  expect(sentence.length).toBeLessThan(100)
  expect(answerProblem('api.test', ['y'.repeat(10_000)], [])?.length).toBeLessThan(200)
})
