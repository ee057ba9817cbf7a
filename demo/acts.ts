import { findForms } from '../test/support/forms.ts'
import type { Called } from '../test/support/serving.ts'
import type { Agent } from './agent.ts'
import { type Api, encodings, type Received } from './api.ts'
import type { Cell, Ink } from './screen.ts'
import type { Claims } from './tally.ts'

/** Who plays the acts. */
export interface Cast {
  readonly api: Api
  readonly agent: Agent
  readonly key: string
  /** How many calls a minute the tool may make. */
  readonly perMinute: number
}

/** One act as it went: what to show, and what had to hold. */
export interface Act {
  readonly title: string
  readonly cells: readonly [asked: Cell, saw: Cell, got: Cell]
  readonly claims: Claims
}

/** The acts in their order; the last one uses up the rate that the others left. */
export const acts: readonly ((cast: Cast) => Promise<Act>)[] = [
  allowed,
  outsideTheScope,
  hiddenPath,
  echo,
  encoded,
  rateReached,
]

const label = '[credential shop]'
const tool = 'shop_call_api'

async function allowed(cast: Cast): Promise<Act> {
  const { called, received, cells } = await ask(cast, 'GET', '/orders/1001')
  return {
    title: 'An allowed call',
    cells,
    claims: {
      'the allowed call reached the API with the key': received[0]?.headers.authorization === `Bearer ${cast.key}`,
      'the agent got the order': called.structured['status'] === 200 && called.text.includes('desk lamp'),
    },
  }
}

async function outsideTheScope(cast: Cast): Promise<Act> {
  const { called, bytes, cells } = await ask(cast, 'DELETE', '/orders/1001')
  return {
    title: 'A call outside of the scope',
    cells,
    claims: {
      'the call outside of the scope was refused': called.structured['code'] === 'not_allowed',
      'the call outside of the scope sent nothing': bytes === 0,
    },
  }
}

async function hiddenPath(cast: Cast): Promise<Act> {
  const { called, bytes, cells } = await ask(cast, 'GET', '/orders/%2e%2e/admin')
  return {
    title: 'A path that hides another one',
    cells,
    claims: {
      'the hidden path was refused': called.structured['code'] === 'invalid_input',
      'the hidden path sent nothing': bytes === 0,
    },
  }
}

async function echo(cast: Cast): Promise<Act> {
  const { called, received, cells } = await ask(cast, 'GET', '/debug/echo')
  return {
    title: 'An API that repeats the key, cut in two in the middle',
    cells,
    claims: {
      'the API was asked to repeat the key': received.length === 1,
      'the agent got a label where the key was': called.text.includes(`Bearer ${label}`),
      'the agent did not get the repeated key': findForms(called.raw, cast.key).length === 0,
    },
  }
}

async function encoded(cast: Cast): Promise<Act> {
  const { called, cells } = await ask(cast, 'GET', '/debug/encoded')
  const names = Object.keys(encodings(cast.key))
  const body = (called.structured['body'] ?? {}) as Record<string, string>
  return {
    title: `The same in ${names.length} encodings and in a header, compressed with gzip`,
    cells,
    claims: {
      'every encoding of the key was replaced': names.every(name => body[name]?.includes(label)),
      'the header with the key in it was replaced': called.raw.includes(`"etag":"\\"${label}`),
      'the agent did not get the encoded key': findForms(called.raw, cast.key).length === 0,
    },
  }
}

async function rateReached({ api, agent, perMinute }: Cast): Promise<Act> {
  const before = api.requests.length
  const left = perMinute - before
  const asked = left + 3
  const calls = Array.from({ length: asked }, () => agent.call(tool, { method: 'GET', path: '/orders' }))
  const answers = await Promise.all(calls)
  const refused = answers.filter(answer => answer.structured['code'] === 'rate_limited')
  const waitMs = Number(refused[0]?.structured['retry_after_ms'])
  const seen = api.requests.length - before
  const refusals: Ink = { text: `${refused.length} refusals: rate_limited`, tone: 'bad' }
  const answered: Ink = { text: `${asked - refused.length} answers`, tone: 'good' }
  return {
    title: `${asked} calls at once where ${left} are left of ${perMinute} a minute`,
    cells: [
      [`${asked} x GET /orders`],
      [`${seen} x GET /orders`],
      [answered, refusals, `Retry after ${Math.ceil(waitMs / 1_000)} s.`],
    ],
    claims: {
      'exactly the calls that were left went through': seen === left && refused.length === asked - left,
      'the refusals say when to try again': waitMs > 0 && waitMs <= 60_000,
    },
  }
}

/** Makes one call, and shows it from all three sides. */
async function ask({ api, agent }: Cast, method: string, path: string) {
  const requestsBefore = api.requests.length
  const bytesBefore = api.bytes()
  const called = await agent.call(tool, { method, path })
  const received = api.requests.slice(requestsBefore)
  const bytes = api.bytes() - bytesBefore
  const cells: Act['cells'] = [[`${method} ${path}`], seenAs(received, bytes), gotten(called)]
  return { called, received, bytes, cells }
}

function seenAs(received: readonly Received[], bytes: number): Cell {
  if (bytes === 0) return [{ text: 'not one byte', tone: 'dim' }]
  return received.flatMap(({ method, url, headers }): Cell => {
    const { authorization = 'no key' } = headers
    return [`${method} ${url}`, { text: `${authorization.slice(0, 17)}…`, tone: 'key' }]
  })
}

/** What a call can give back, as far as it is shown. */
interface Shown {
  readonly code?: string
  readonly message?: string
  readonly allowed?: readonly string[]
  readonly problems?: readonly string[]
  readonly status?: number
  readonly headers?: { readonly etag?: string }
  readonly body?: unknown
}

function gotten({ structured, text }: Called): Cell {
  const shown: Shown = structured
  if (shown.code !== undefined) {
    const detail = shown.allowed === undefined ? (shown.problems ?? []) : [`Allowed: ${shown.allowed.join(', ')}`]
    return [{ text: `refused: ${shown.code}`, tone: 'bad' }, shown.message ?? '', ...detail]
  }
  const etag = shown.headers?.etag === undefined ? [] : [`etag ${shown.headers.etag}`]
  const body = shown.body === undefined ? text : JSON.stringify(shown.body)
  return [{ text: `status ${shown.status}`, tone: 'good' }, ...etag, body]
}
