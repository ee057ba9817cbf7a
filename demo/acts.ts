import type { Called } from '../test/support/serving.ts'
import { findForms } from '../test/support/forms.ts'
import type { Agent } from './agent.ts'
import { type Api, encodings } from './api.ts'
import type { Cell, Ink } from './screen.ts'
import type { Claims } from './tally.ts'

/** What the acts are played with. */
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

async function allowed({ api, agent, key }: Cast): Promise<Act> {
  const called = await agent.call(tool, { method: 'GET', path: '/orders/1001' })
  const request = api.requests.at(-1)
  return {
    title: 'An allowed call',
    cells: [['GET /orders/1001'], ['GET /orders/1001', ...withKey(key)], answerOf(called)],
    claims: {
      'the allowed call reached the API with the key': request?.headers.authorization === `Bearer ${key}`,
      'the agent got the order': called.structured['status'] === 200 && called.text.includes('desk lamp'),
    },
  }
}

async function outsideTheScope({ api, agent }: Cast): Promise<Act> {
  const before = api.bytes().length
  const called = await agent.call(tool, { method: 'DELETE', path: '/orders/1001' })
  return {
    title: 'A call outside of the scope',
    cells: [['DELETE /orders/1001'], [dim('nothing, not one byte')], refusalOf(called, 'allowed')],
    claims: {
      'the call outside of the scope was refused': called.structured['code'] === 'not_allowed',
      'the call outside of the scope sent nothing': api.bytes().length === before,
    },
  }
}

async function hiddenPath({ api, agent }: Cast): Promise<Act> {
  const before = api.bytes().length
  const path = '/orders/%2e%2e%2fadmin'
  const called = await agent.call(tool, { method: 'GET', path })
  return {
    title: 'A path that hides another one',
    cells: [[`GET ${path}`], [dim('nothing, not one byte')], refusalOf(called, 'problems')],
    claims: {
      'the hidden path was refused': called.structured['code'] === 'invalid_input',
      'the hidden path sent nothing': api.bytes().length === before,
    },
  }
}

async function echo({ api, agent, key }: Cast): Promise<Act> {
  const before = api.requests.length
  const called = await agent.call(tool, { method: 'GET', path: '/debug/echo' })
  return {
    title: 'An API that repeats the key, cut in two in the middle',
    cells: [['GET /debug/echo'], ['GET /debug/echo', ...withKey(key)], answerOf(called)],
    claims: {
      'the API was asked to repeat the key': api.requests.length === before + 1,
      'the agent got a label where the key was': called.text.includes(`Bearer ${label}`),
      'the agent did not get the repeated key': findForms(called.raw, key).length === 0,
    },
  }
}

async function encoded({ agent, key }: Cast): Promise<Act> {
  const called = await agent.call(tool, { method: 'GET', path: '/debug/encoded' })
  const names = Object.keys(encodings(key))
  const body = (called.structured['body'] ?? {}) as Record<string, string>
  return {
    title: `The same in ${names.length} encodings and in a header, compressed with gzip`,
    cells: [['GET /debug/encoded'], ['GET /debug/encoded', ...withKey(key)], answerOf(called)],
    claims: {
      'every encoding of the key was replaced': names.every(name => body[name]?.includes(label)),
      'the header with the key in it was replaced': called.raw.includes(`"etag":"\\"${label}`),
      'the agent did not get the encoded key': findForms(called.raw, key).length === 0,
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
  return {
    title: `${asked} calls at once where ${left} are left of ${perMinute} a minute`,
    cells: [
      [`${asked} x GET /orders`],
      [`${seen} x GET /orders`],
      [
        `${asked - refused.length} answers`,
        bad(`${refused.length} refusals: rate_limited`),
        `Retry after ${Math.ceil(waitMs / 1_000)} s.`,
      ],
    ],
    claims: {
      'exactly the calls that were left went through': seen === left && refused.length === asked - left,
      'the refusals say when to try again': waitMs > 0 && waitMs <= 60_000,
    },
  }
}

function withKey(key: string): Ink[] {
  return [{ text: `Bearer ${key.slice(0, 14)}…`, tone: 'key' }]
}

function answerOf(called: Called): Cell {
  const { status, headers, body } = called.structured
  const etag = (headers as Record<string, string> | undefined)?.['etag']
  const shown = JSON.stringify(body)?.replaceAll('","', '", "') ?? called.text
  return [good(`status ${status}`), ...(etag === undefined ? [] : [`etag ${etag}`]), shown]
}

function refusalOf(called: Called, field: 'allowed' | 'problems'): Cell {
  const { code, message } = called.structured
  const lines = called.structured[field] as string[] | undefined
  const details = (lines ?? []).map(line => `- ${line}`)
  return [bad(`refused: ${code}`), String(message), ...details]
}

function dim(text: string): Ink {
  return { text, tone: 'dim' }
}

function good(text: string): Ink {
  return { text, tone: 'good' }
}

function bad(text: string): Ink {
  return { text, tone: 'bad' }
}
