import { Refusal } from '../refusal.ts'
import { isMapping, listAt, type Mapping, mappingAt, textAt } from './document.ts'
import type { Endpoint } from './endpoint.ts'
import type { Notes } from './notes.ts'
import { isPlain, plainText } from './plain-text.ts'

/**
 * Decides where the requests of the operations go: to the one server that the document names, or to the one that the
 * admin chose.
 *
 * @param input `given`: what the admin wrote; `existing`: where the requests of the tool go already
 * @throws Refusal invalid_input
 */
export function pinServer(input: {
  readonly root: Mapping
  readonly given: string | undefined
  readonly existing: string | undefined
  readonly notes: Notes
}): string {
  const { root, given, existing, notes } = input
  const servers = listAt(root, 'servers').filter(isMapping)
  const listed = servers.map(server => textAt(server, 'url') ?? '')
  const fixed = listed.map(url => (url.startsWith('https://') ? baseUrl(url) : null))
  if (servers.some(server => Object.keys(mappingAt(server, 'variables')).length > 0))
    notes.add('variables of servers are not filled in, whatever their defaults', null)
  if (given !== undefined) {
    const chosen = baseUrl(given)
    if (chosen === null) throw new Refusal('invalid_input', `--server: ${plainText(given, 200)} ${rule}`)
    if (fixed.some(url => url !== null) && !fixed.includes(chosen))
      notes.add(`${chosen} is not among the servers of the document`, null)
    return sameAs(existing, chosen)
  }
  const [only] = fixed
  if (fixed.length === 1 && typeof only === 'string') return sameAs(existing, only)
  const kept = existing === undefined ? null : baseUrl(existing)
  // The admin decided about it before; the document leaves it open.
  if (kept !== null && (fixed.includes(kept) || fixed.every(url => url === null))) return kept
  throw new Refusal('invalid_input', `${why(listed)}: say which with --server URL`)
}

const rule =
  'is not a URL such as https://api.example.com/v1, without user, query, fragment, dot segments, : or * in its path'

function why(listed: readonly string[]): string {
  if (listed.length === 0) return 'the document names no server'
  const shown = listed.slice(0, 10).map(url => plainText(url, 200))
  const several = `the document names ${listed.length === 1 ? 'a server' : 'several servers'} (${shown.join(', ')})`
  return listed.length === 1 ? `${several} that is no complete https:// URL` : several
}

function sameAs(existing: string | undefined, url: string): string {
  if (existing === undefined || baseUrl(existing) === url) return url
  throw new Refusal(
    'invalid_input',
    `the tool goes to ${plainText(existing, 200)}, and these operations to ${url}; import them into a tool of their own`,
  )
}

/**
 * A URL that can be the base of a tool's requests, in its one canonical form; null when it cannot. The path is compared
 * with the text: `new URL` resolves dot segments and drops what it does not like.
 */
export function baseUrl(text: string): string | null {
  if (!isPlain(text) || text.length > 500 || /[\\\s{}?#*;]|\/\.{1,2}(?:\/|$)|%2e|%2f|%5c/i.test(text)) return null
  if (!URL.canParse(text)) return null
  const url = new URL(text)
  if (!/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '' || text.includes('@')) return null
  if (url.pathname.includes('//') || url.pathname.includes(':')) return null
  return `${url.origin}${url.pathname}`.replace(/\/$/, '')
}

/**
 * Refuses an operation that the document sends elsewhere.
 *
 * @throws Refusal invalid_input
 */
export function refuseOtherServer(endpoint: Endpoint, base: string): void {
  const servers = [...listAt(endpoint.operation, 'servers'), ...listAt(endpoint.item, 'servers')]
  const urls = servers.map(server => (isMapping(server) ? (textAt(server, 'url') ?? '') : ''))
  const other = urls.find(url => baseUrl(url) !== base)
  if (other !== undefined) throw new Refusal('invalid_input', `has a server of its own (${plainText(other, 200)})`)
}
