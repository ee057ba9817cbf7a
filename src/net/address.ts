import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'

/** What an address is, said of everything but a public one. */
const what = {
  loopback: 'is an address of this machine itself',
  private: 'is a private address',
  unique_local: 'is a private address (unique local)',
  carrier_grade_nat: "is an address of a provider's inner network (100.64.0.0/10)",
  link_local: 'is a link-local address',
  metadata: 'is a cloud metadata service',
  multicast: 'is a multicast address',
  broadcast: 'is the broadcast address',
  unspecified: 'is an unspecified address, which leads to this machine itself',
  embedded: 'is an IPv6 address that leads to an IPv4 address inside of it',
  reserved: 'is reserved for special purposes',
  unparsable: 'is no IP address',
} as const satisfies Record<string, string>

/** Why an address may be reached, or why not. */
export type AddressClass = 'public' | keyof typeof what

/** What is not reached even when it is listed: what answers there gives the keys of a whole machine to whoever asks. */
const never: ReadonlySet<AddressClass> = new Set(['metadata', 'link_local', 'unparsable'])

/** A range of addresses that an admin wrote; only `parseCidr` makes one. */
export interface Cidr {
  readonly text: string
  readonly network: Address
  readonly bits: number
}

type Address = ipaddr.IPv4 | ipaddr.IPv6

/** Metadata services that are not link-local (or, being well known, deserve their name), by who runs them. */
const metadata: readonly (readonly [Address, number])[] = [
  '169.254.169.254/32', // nearly everybody
  '169.254.170.2/32', // Amazon ECS
  '169.254.170.23/32', // Amazon EKS
  '169.254.0.23/32', // Tencent
  '169.254.42.42/32', // Scaleway
  '168.63.129.16/32', // Azure; public by its range
  '192.0.0.192/32', // Oracle
  '100.100.100.200/32', // Alibaba
  'fd00:ec2::/32', // Amazon
  'fd20:ce::254/128', // Google
  'fd00:42::42/128', // Scaleway
].map(range => ipaddr.parseCIDR(range))

/** Names under which clouds serve metadata and keys. Behind a proxy a name is all that there is to judge. */
const metadataNames: ReadonlySet<string> = new Set([
  'metadata',
  'metadata.google.internal',
  'metadata.goog',
  'instance-data',
  'instance-data.ec2.internal',
  'metadata.azure.internal',
  'metadata.azure.com',
  'metadata.tencentyun.com',
  'metadata.oraclecloud.com',
  'metadata.packet.net',
  'metadata.platformequinix.com',
  'metadata.internal',
  'api.metadata.cloud.ibm.com',
  'rancher-metadata',
])

const globalUnicast = ipaddr.parseCIDR('2000::/3')
const compatible = ipaddr.parseCIDR('::/96')

/** The library's ranges in our words; what is not here is reserved. */
const classes: Readonly<Record<string, AddressClass>> = {
  loopback: 'loopback',
  private: 'private',
  deprecatedSiteLocal: 'private',
  uniqueLocal: 'unique_local',
  carrierGradeNat: 'carrier_grade_nat',
  linkLocal: 'link_local',
  multicast: 'multicast',
  broadcast: 'broadcast',
  unspecified: 'unspecified',
  rfc6145: 'embedded',
  rfc6052: 'embedded',
  '6to4': 'embedded',
  teredo: 'embedded',
}

/** Says what an IP address is. An IPv4-mapped IPv6 address (`::ffff:a.b.c.d`) is judged as the IPv4 address. */
export function classifyAddress(address: string): AddressClass {
  // The library also reads octal, hexadecimal and short forms, which the system may read in another way.
  if (isIP(address) === 0) return 'unparsable'
  const [bare = '', zone] = address.split('%')
  const parsed = parse(bare)
  const found = parsed.kind() === 'ipv4' ? classifyV4(parsed) : classifyV6(parsed as ipaddr.IPv6)
  return zone === undefined || never.has(found) ? found : 'unparsable'
}

/**
 * Reads what `isIP` took for an address; mapped becomes IPv4. The URL standard writes IPv6 without dots first: the library takes
 * `::127.0.0.1` for `::ffff:127.0.0.1`, which is another address than `::7f00:1`.
 */
function parse(address: string): Address {
  return ipaddr.process(isIP(address) === 6 ? new URL(`http://[${address}]`).hostname.slice(1, -1) : address)
}

function classifyV4(address: Address): AddressClass {
  if (metadata.some(range => within(address, range))) return 'metadata'
  const range: string = address.range()
  return range === 'unicast' ? 'public' : (classes[range] ?? 'reserved')
}

function classifyV6(address: ipaddr.IPv6): AddressClass {
  if (metadata.some(range => within(address, range))) return 'metadata'
  const range: string = address.range()
  const { parts } = address
  // RFC 5214, 6.1: the last half of the address says ISATAP, whatever the network is.
  const isatap = parts[5] === 0x5efe && (parts[4] === 0 || parts[4] === 0x200)
  const isEmbedded = classes[range] === 'embedded' || isatap || (range === 'unicast' && within(address, compatible))
  if (isEmbedded) return embeddedV4(address).some(inner => never.has(classifyV4(inner))) ? 'metadata' : 'embedded'
  if (range !== 'unicast') return classes[range] ?? 'reserved'
  return within(address, globalUnicast) ? 'public' : 'reserved'
}

/**
 * Every IPv4 address that some translator could take out of an IPv6 address: the last four bytes (NAT64, RFC 6052;
 * compatible and translated; ISATAP), Teredo's two (RFC 4380, 4; one of them inverted), 6to4's (RFC 3056, 2), and NAT64 with
 * prefixes of 48, 56 and 64 bits, which leave out the ninth byte (RFC 6052, 2.2).
 */
function embeddedV4(address: ipaddr.IPv6): readonly ipaddr.IPv4[] {
  const bytes = address.toByteArray()
  const at = (...places: readonly number[]) => new ipaddr.IPv4(places.map(place => bytes[place] ?? 0))
  const inverted = new ipaddr.IPv4(bytes.slice(12).map(byte => byte ^ 0xff))
  switch (address.range() as string) {
    case '6to4':
      return [at(2, 3, 4, 5)]
    case 'teredo':
      return [at(4, 5, 6, 7), inverted]
    case 'rfc6052':
      return [at(12, 13, 14, 15), at(6, 7, 9, 10), at(7, 9, 10, 11), at(9, 10, 11, 12)]
    default:
      return [at(12, 13, 14, 15)]
  }
}

/**
 * Says why an address may not be reached; null when it may: when it is public or listed. What is link-local or a metadata
 * service is not reached even when it is listed. The sentence is for the admin's record.
 */
export function reachProblem(address: string, allowed: readonly Cidr[]): string | null {
  const found = classifyAddress(address)
  if (found === 'public') return null
  if (found === 'unparsable') return 'what should be an IP address is none'
  if (never.has(found)) return `${address} ${what[found]}, which is never reached`
  const parsed = parse(address)
  if (allowed.some(({ network, bits }) => within(parsed, [network, bits]))) return null
  return `${address} ${what[found]} and not listed in unsafe_allow_private`
}

/** Takes the brackets off an IPv6 address as it stands in a URL. */
export function unbracketed(hostname: string): string {
  return hostname.startsWith('[') && hostname.endsWith(']') ? hostname.slice(1, -1) : hostname
}

/** Whether a host says by itself that it is this machine: `localhost`, or a loopback address. It needs no permission. */
export function isLoopbackHost(hostname: string): boolean {
  return hostname === 'localhost' || classifyAddress(unbracketed(hostname)) === 'loopback'
}

/**
 * Says why a host may not be reached as far as it can be told from its text: an IP address has to be loopback, public or
 * listed, and the name of a metadata service is never reached. Null for every other name.
 *
 * @param hostname as `URL.hostname` gives it: normalised, IPv6 in brackets
 */
export function literalProblem(hostname: string, allowed: readonly Cidr[]): string | null {
  const host = unbracketed(hostname)
  if (isIP(host) !== 0) return isLoopbackHost(host) ? null : reachProblem(host, allowed)
  if (metadataNames.has(host.toLowerCase().replace(/\.$/, ''))) {
    return `${hostname} is a cloud metadata service, which is never reached`
  }
  return null
}

/**
 * Says why a name may not be reached by what it resolved to; null when it may. One bad address refuses the name: an attacker
 * who answers for a name mixes addresses and lets the client find the one that works (DNS rebinding).
 */
export function answerProblem(name: string, addresses: readonly string[], allowed: readonly Cidr[]): string | null {
  if (isLoopbackHost(name)) {
    const isLoopback = addresses.every(address => classifyAddress(address) === 'loopback')
    return isLoopback ? null : `${name} resolves to something else than this machine itself`
  }
  for (const address of addresses) {
    const problem = reachProblem(address, allowed)
    if (problem !== null) return `${name} resolves to an address that may not be reached: ${problem}`
  }
  return null
}

/** Says why a host may not be asked of a proxy, which resolves the name itself; null when it may. */
export function behindProxyProblem(hostname: string, allowed: readonly Cidr[]): string | null {
  const host = unbracketed(hostname)
  if (isIP(host) !== 0) return reachProblem(host, allowed)
  // RFC 6761, 6.3: every name under localhost is loopback, here the proxy's.
  if (/(?:^|\.)localhost\.?$/.test(host.toLowerCase())) return `behind a proxy, ${hostname} is the proxy's own machine`
  return literalProblem(host, allowed)
}

/**
 * Reads a range such as `10.0.0.0/8`, or one address.
 *
 * @throws Error with a sentence for the admin
 */
export function parseCidr(text: string): Cidr {
  const [address = '', prefix, ...more] = text.split('/')
  const family = isIP(address)
  if (family === 0 || address.includes('%') || more.length > 0) {
    throw new Error('is not a range of IP addresses, such as 10.0.0.0/8 or fd12:3456::/48')
  }
  const widest = family === 4 ? 32 : 128
  const bits = prefix === undefined ? widest : Number(prefix)
  if ((prefix !== undefined && !/^(?:0|[1-9]\d{0,2})$/.test(prefix)) || bits > widest) {
    throw new Error(`needs a number from 0 to ${widest} after the slash`)
  }
  const network = parse(address)
  if (family === 6 && network.kind() === 'ipv4') {
    throw new Error('is an IPv4 address written as IPv6; write it as IPv4, such as 10.0.0.0/8')
  }
  const first = network.toByteArray().map((byte, index) => byte & ~rest(bits, index))
  const last = network.toByteArray().map((byte, index) => byte | rest(bits, index))
  const start = ipaddr.fromByteArray(first).toString()
  if (start !== network.toString()) throw new Error(`has bits set behind its prefix; write ${start}/${bits}`)
  const ends = [start, ipaddr.fromByteArray(last).toString()].map(classifyAddress)
  if (ends.every(end => never.has(end))) {
    throw new Error('is link-local or a cloud metadata service, which is never reached, listed or not')
  }
  return { text, network, bits }
}

/** The bits of a network's byte that its prefix leaves open. */
function rest(bits: number, index: number): number {
  return 0xff >> Math.min(8, Math.max(0, bits - index * 8))
}

function within(address: Address, [network, bits]: readonly [Address, number]): boolean {
  return address.kind() === network.kind() && address.match(network, bits)
}
