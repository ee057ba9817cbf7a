import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import { type Home, makeHome } from '../support/home.ts'
import { calling, connect } from '../support/serving.ts'
import { type Received, startUpstream, type Upstream } from '../support/upstream.ts'

const key = 'k-R4nd0mLookingApiKeyValue'

let home: Home
beforeEach(() => {
  home = makeHome()
})
afterEach(() => home.remove())

const configFile = () => join(home.folder, 'keyhold.yaml')
const configText = () => readFileSync(configFile(), 'utf8')
const added = async (...args: readonly string[]) => await home.run(['tool', 'add', ...args])

/** One call of an operation, and the request that has to leave. */
interface Case {
  readonly preset: string
  readonly options: readonly string[]
  readonly operation: string
  readonly args: Readonly<Record<string, unknown>>
  readonly sent: { readonly method: string; readonly url: string; readonly body: unknown }
  readonly headers: Readonly<Record<string, string>>
}

const form = (text: string) => ({ form: text })
const uuid = '01234567-89ab-cdef-0123-456789abcdef'

const cases: readonly Case[] = [
  {
    preset: 'github',
    options: ['--repo', 'acme/shop'],
    operation: 'list_issues',
    args: { state: 'open', page: 2 },
    sent: { method: 'GET', url: '/repos/acme/shop/issues?per_page=30&state=open&page=2', body: null },
    headers: { authorization: `Bearer ${key}`, 'x-github-api-version': '2022-11-28' },
  },
  {
    preset: 'github',
    options: ['--repo', 'acme/shop'],
    operation: 'read_file',
    args: { rest: 'docs/read me.md', ref: 'feature/a' },
    sent: { method: 'GET', url: '/repos/acme/shop/contents/docs/read%20me.md?ref=feature%2Fa', body: null },
    headers: { authorization: `Bearer ${key}`, accept: 'application/vnd.github.raw+json' },
  },
  {
    preset: 'github',
    options: ['--repo', 'acme/shop'],
    operation: 'create_comment',
    args: { number: 7, body: { body: 'Looks good.' } },
    sent: { method: 'POST', url: '/repos/acme/shop/issues/7/comments', body: { body: 'Looks good.' } },
    headers: { authorization: `Bearer ${key}` },
  },
  {
    preset: 'gitlab',
    options: ['--project', '278964'],
    operation: 'create_issue_note',
    args: { iid: 3, body: { body: 'and/or' } },
    sent: { method: 'POST', url: '/api/v4/projects/278964/issues/3/notes', body: { body: 'and/or' } },
    headers: { 'private-token': key },
  },
  {
    preset: 'slack',
    options: ['--channel', 'C0123456789'],
    operation: 'chat_post_message',
    args: { body: { text: 'Hello' } },
    sent: {
      method: 'POST',
      url: '/api/chat.postMessage',
      body: {
        text: 'Hello',
        channel: 'C0123456789',
        unfurl_links: false,
        unfurl_media: false,
        link_names: false,
        parse: 'none',
      },
    },
    headers: { authorization: `Bearer ${key}` },
  },
  {
    preset: 'slack',
    options: ['--channel', 'C0123456789'],
    operation: 'conversations_history',
    args: { limit: 10 },
    sent: { method: 'GET', url: '/api/conversations.history?channel=C0123456789&limit=10', body: null },
    headers: { authorization: `Bearer ${key}` },
  },
  {
    preset: 'stripe',
    options: [],
    operation: 'create_refund',
    args: { body: { payment_intent: 'pi_123', amount: 500, reason: 'duplicate' }, idempotency_key: 'refund-1' },
    sent: { method: 'POST', url: '/v1/refunds', body: form('payment_intent=pi_123&amount=500&reason=duplicate') },
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/x-www-form-urlencoded' },
  },
  {
    preset: 'openai',
    options: ['--model', 'gpt-4.1-mini'],
    operation: 'create_response',
    args: { body: { input: 'Hello', max_output_tokens: 100 } },
    sent: {
      method: 'POST',
      url: '/v1/responses',
      body: {
        input: 'Hello',
        max_output_tokens: 100,
        model: 'gpt-4.1-mini',
        store: false,
        stream: false,
        background: false,
      },
    },
    headers: { authorization: `Bearer ${key}` },
  },
  {
    preset: 'anthropic',
    options: ['--model', 'claude-sonnet-4-5'],
    operation: 'create_message',
    args: { body: { max_tokens: 100, messages: [{ role: 'user', content: 'Hello' }] } },
    sent: {
      method: 'POST',
      url: '/v1/messages',
      body: {
        max_tokens: 100,
        messages: [{ role: 'user', content: 'Hello' }],
        model: 'claude-sonnet-4-5',
        stream: false,
      },
    },
    headers: { 'x-api-key': key, 'anthropic-version': '2023-06-01' },
  },
  {
    preset: 'linear',
    options: ['--team', 'ENG'],
    operation: 'create_comment',
    args: { issue: 'ENG-12', body: 'Hello' },
    sent: {
      method: 'POST',
      url: '/graphql',
      body: {
        query: expect.stringMatching(
          /^mutation CreateComment\(\$issue: String!, \$body: String!\) \{\n {2}commentCreate/,
        ),
        variables: { issue: 'ENG-12', body: 'Hello' },
        operationName: 'CreateComment',
      },
    },
    headers: { authorization: key },
  },
  {
    preset: 'linear',
    options: ['--team', 'ENG'],
    operation: 'get_issue',
    args: { number: 12 },
    sent: {
      method: 'POST',
      url: '/graphql',
      body: {
        query: expect.stringContaining('filter: { team: { key: { eq: "ENG" } }, number: { eq: $number } }'),
        variables: { number: 12 },
        operationName: 'GetIssue',
      },
    },
    headers: { authorization: key },
  },
  {
    preset: 'notion',
    options: ['--database', uuid],
    operation: 'create_page',
    args: { body: { properties: { Name: { title: [{ text: { content: 'A' } }] } } } },
    sent: {
      method: 'POST',
      url: '/v1/pages',
      body: { properties: { Name: { title: [{ text: { content: 'A' } }] } }, parent: { database_id: uuid } },
    },
    headers: { authorization: `Bearer ${key}`, 'notion-version': '2022-06-28' },
  },
  {
    preset: 'sentry',
    options: ['--organization', 'acme', '--project', 'shop'],
    operation: 'update_issue',
    args: { id: 12, body: { status: 'resolved' } },
    sent: { method: 'PUT', url: '/api/0/projects/acme/shop/issues/?id=12', body: { status: 'resolved' } },
    headers: { authorization: `Bearer ${key}` },
  },
  {
    preset: 'jira',
    options: ['--site', 'acme', '--project', 'SHOP', '--email', 'agent+1@example.com'],
    operation: 'list_open_issues',
    args: { maxResults: 10 },
    sent: {
      method: 'GET',
      url: '/rest/api/2/search/jql?jql=project+%3D+%22SHOP%22+AND+statusCategory+%21%3D+Done+ORDER+BY+updated+DESC&fields=summary%2Cstatus%2Cassignee%2Cpriority%2Cissuetype%2Clabels%2Cupdated&maxResults=10',
      body: null,
    },
    headers: { authorization: `Basic ${Buffer.from(`agent+1@example.com:${key}`).toString('base64')}` },
  },
]

/** Calls that the preset's scope has to refuse, with nothing sent. */
const refusals: Readonly<Record<string, readonly (readonly [string, Readonly<Record<string, unknown>>])[]>> = {
  github: [
    ['get_issue', { number: '1/../../../user' }],
    ['read_file', { rest: '../../../user' }],
    ['list_issues', { q: 'repo:other/secret' }],
  ],
  gitlab: [
    ['create_issue_note', { iid: 1, body: { body: 'ok\n/merge' } }],
    ['create_issue_note', { iid: 1, body: { body: 'ok', sudo: 'root' } }],
  ],
  slack: [
    ['chat_post_message', { body: { text: 'x', token: 'xoxb-other' } }],
    ['chat_post_message', { body: { text: 'x', channel: 'C9999999999' } }],
    ['chat_post_message', { body: { text: '<!channel> x' } }],
    ['conversations_history', { channel: 'C9999999999' }],
  ],
  stripe: [
    ['get_customer', { id: 'search' }],
    ['list_charges', { 'expand[]': 'data.customer' }],
    ['create_refund', { body: { payment_intent: 'pi_1' } }],
    ['create_refund', { body: { payment_intent: 'pi_1', amount: 10_001 } }],
    ['create_refund', { body: { payment_intent: 'pi_1', amount: 1, 'metadata[a]': 'b' } }],
  ],
  openai: [
    ['create_response', { body: { input: 'x', max_output_tokens: 100, model: 'o3-pro' } }],
    ['create_response', { body: { input: 'x', max_output_tokens: 100_000 } }],
    ['create_response', { body: { input: 'x', max_output_tokens: 100, tools: [] } }],
  ],
  anthropic: [
    ['create_message', { body: { max_tokens: 100, messages: [{ role: 'user', content: [{ type: 'image' }] }] } }],
  ],
  linear: [
    ['create_comment', { issue: 'OPS-1', body: 'x' }],
    ['create_comment', { issue: uuid, body: 'x' }],
    ['get_issue', { number: 1, query: '{ viewer { email } }' }],
  ],
  notion: [['create_page', { body: { properties: { A: {} }, parent: { page_id: uuid } } }]],
  sentry: [
    ['update_issue', { body: { status: 'resolved' } }],
    ['update_issue', { id: [1, 2], body: { status: 'resolved' } }],
  ],
  jira: [
    ['get_issue', { key: 'OTHER-1' }],
    ['get_issue', { key: '10001' }],
    ['list_issues', { jql: 'project = OTHER' }],
    ['create_issue', { body: { fields: { project: { key: 'OTHER' }, issuetype: { name: 'Task' }, summary: 'x' } } }],
  ],
}

/** The body as JSON where it is JSON, else as the text of a form. */
function bodyOf({ body, headers }: Received): unknown {
  if (body === '') return null
  return headers['content-type']?.startsWith('application/json') === true ? (JSON.parse(body) as unknown) : form(body)
}

/** Lets the written configuration call this machine in place of the provider. */
function pointAt(upstream: Upstream): void {
  const config = parse(configText()) as { tools: { api: { base_url: string } } }
  const { pathname } = new URL(config.tools.api.base_url)
  config.tools.api.base_url = upstream.url + (pathname === '/' ? '' : pathname)
  home.writeConfig(stringify(config))
}

describe.each([...new Set(cases.map(({ preset }) => preset))])('%s', preset => {
  const own = cases.filter(one => one.preset === preset)

  test('is added, listed and called; the requests are those of its API, and nothing else leaves', async () => {
    const upstream = await startUpstream((_request, response) => {
      response.setHeader('content-type', 'application/json')
      response.end('{}')
    })
    try {
      const { code, out, err } = await added('api', '--preset', preset, ...(own[0]?.options ?? []))
      expect({ code, err }).toEqual({ code: 0, err: '' })
      expect(out).toContain(`keyhold credential set ${preset}`)
      await home.seal(preset, key)
      pointAt(upstream)
      const listed = (await home.run(['tool', 'list'])).out
      for (const { operation } of own) expect(listed).toMatch(new RegExp(`^api_${operation} `, 'm'))
      const connected = await connect(home, 'stdio', '2026-07-28')
      try {
        const { call } = calling(connected.client)
        for (const [operation, args] of refusals[preset] ?? []) {
          const refused = await call(`api_${operation}`, args)
          expect(refused.structured['code'], JSON.stringify(args)).toMatch(/^(?:invalid_input|not_allowed)$/)
        }
        expect(upstream.connections()).toBe(0)
        for (const { operation, args, sent, headers } of own) {
          const before = upstream.requests.length
          const done = await call(`api_${operation}`, args)
          expect(done.structured['status'], done.text).toBe(200)
          expect(upstream.requests).toHaveLength(before + 1)
          const received = upstream.requests[before] as Received
          expect({ method: received.method, url: received.url, body: bodyOf(received) }).toEqual(sent)
          expect(received.headers).toMatchObject(headers)
          if (preset === 'stripe') expect(received.headers['idempotency-key']).toMatch(/^\S{8,}$/)
        }
      } finally {
        await connected.close()
      }
    } finally {
      await upstream.close()
    }
  })
})

const existing = `# Ours
version: 1
credentials:
  github: { type: bearer, token: { env: GITHUB_TOKEN } } # from the CI
tools:
  # the status page
  status: { kind: http, description: Status, base_url: "https://status.example.com", allow: [GET /status] }
agents:
  local: { transport: stdio, allow: ["status_*"] }
`

describe('the configuration file', () => {
  test('is made when there is none, for its owner alone', async () => {
    expect((await added('github', '--preset', 'github', '--repo', 'acme/shop')).code).toBe(0)
    if (process.platform !== 'win32') expect(statSync(configFile()).mode & 0o777).toBe(0o600)
    expect(parse(configText())).toMatchObject({
      version: 1,
      credentials: { github: { type: 'bearer', token: { sealed: 'github' } } },
      tools: {
        github: { kind: 'http', credential: 'github', description: 'Issues, pull requests and files of acme/shop' },
      },
    })
  })

  test('keeps comments, other tools and an existing credential', async () => {
    home.writeConfig(existing)
    const { code, out } = await added(
      'shop',
      '--preset',
      'github',
      '--repo',
      'acme/shop',
      '--only',
      'list_issues,get_issue',
    )
    expect(code).toBe(0)
    for (const line of existing.split('\n')) expect(configText()).toContain(line)
    expect(
      Object.keys((parse(configText()) as { tools: { shop: { operations: object } } }).tools.shop.operations),
    ).toEqual(['list_issues', 'get_issue'])
    expect(out).toContain('with the credential github, which was there')
    expect(out).not.toContain('credential set')
    expect(out).not.toContain('would be presented in another way')
    expect(out).toContain('Only agents that allow shop_* may call them; the configuration has: local')
    expect(out).toMatch(/^ {2}shop_list_issues {2}read {3}Lists issues of acme\/shop/m)
    expect(out).toContain('/repositories/ID')
    expect((await home.run(['check'])).code).toBe(0)
  })

  test('says when the credential that is there is presented in another way', async () => {
    home.writeConfig(existing)
    const { out } = await added('lab', '--preset', 'gitlab', '--project', '7', '--credential', 'github')
    expect(out).toContain("The preset's own credential would be presented in another way")
  })

  test('has a tool of the name replaced only when asked to, after showing what changes', async () => {
    await added('github', '--preset', 'github', '--repo', 'acme/shop')
    const before = configText()
    const refused = await added('github', '--preset', 'github', '--repo', 'acme/blog')
    expect(refused).toMatchObject({ code: 2, out: '' })
    expect(refused.err).toContain('--replace')
    expect(configText()).toBe(before)
    const replaced = await added('github', '--preset', 'github', '--repo', 'acme/blog', '--replace')
    expect(replaced.code).toBe(0)
    expect(replaced.out).toMatch(/^-\s+request: GET \/repos\/acme\/shop\/issues$/m)
    expect(replaced.out).toMatch(/^\+\s+request: GET \/repos\/acme\/blog\/issues$/m)
    expect(configText()).not.toContain('acme/shop')
    const again = await added('github', '--preset', 'github', '--repo', 'acme/blog', '--replace')
    expect(again.out).toMatch(/has this tool github already/)
  })

  test('stays as it is in a dry run, which shows what would change', async () => {
    home.writeConfig(existing)
    const { code, out } = await added('shop', '--preset', 'github', '--repo', 'acme/shop', '--dry-run')
    expect(code).toBe(0)
    expect(out).toMatch(/^\+ {2}shop:$/m)
    expect(out).toContain('was not changed')
    expect(configText()).toBe(existing)
  })

  test('is not written when the whole would not load', async () => {
    const broken = existing.replace('allow: [GET /status]', 'allow: [FETCH /status]')
    home.writeConfig(broken)
    const { code, err } = await added('shop', '--preset', 'github', '--repo', 'acme/shop')
    expect(code).toBe(2)
    expect(err).toContain('tools.status.allow')
    expect(configText()).toBe(broken)
  })

  test('is not touched when it is no YAML', async () => {
    home.writeConfig('version: 1\ntools: {')
    expect((await added('shop', '--preset', 'github', '--repo', 'acme/shop')).code).toBe(2)
    expect(configText()).toBe('version: 1\ntools: {')
  })
})

test.each([
  [
    ['--preset', 'github'],
    '--repo is missing: the repository, as OWNER/NAME; such as: keyhold tool add x --preset github --repo acme/shop',
  ],
  [['--preset', 'github', '--repo', 'acme/shop/..'], '--repo is not valid'],
  [['--preset', 'github', '--repo', 'acme/shop', '--team', 'ENG'], '--team is not a parameter of the preset github'],
  [['--preset', 'github', '--repo', 'acme/shop', '--only', 'lists'], 'there are: list_issues'],
  [['--preset', 'githb', '--repo', 'acme/shop'], 'did you mean github?'],
  [['--preset', '../../etc', '--repo', 'acme/shop'], 'named with 1-32'],
  [['--preset', '../../etc', '--credential', 'c'], 'there is no such preset'],
  [['--preset', 'github', '--repo', 'acme/shop', '--credential', 'a/b'], 'named with 1-32'],
  [['--preset', 'github', '--repos', 'acme/shop'], "unknown option '--repos'"],
  [[], "required option '--preset <preset>'"],
])('tool add x %j is refused with what helps, and nothing is written', async (args, reason) => {
  const { code, out, err } = await added('x', ...args)
  expect({ code, out }).toEqual({ code: 2, out: '' })
  expect(err).toContain(reason)
  expect(() => configText()).toThrow('ENOENT')
})

test('for programs, everything is one JSON object', async () => {
  const { out } = await added('github', '--preset', 'github', '--repo', 'acme/shop', '--json')
  const report = JSON.parse(out) as Record<string, unknown>
  expect(report).toMatchObject({
    file: configFile(),
    written: true,
    tool: 'github',
    credential: { name: 'github', kept: false, differs: false },
    agents: null,
    next: ['keyhold credential set github', 'keyhold check'],
  })
  expect(report['mcp_tools']).toHaveLength(10)
  expect(report['diff']).toContain('+  github:')
})

describe('preset', () => {
  test('list names every preset with its parameters', async () => {
    const { code, out } = await home.run(['preset', 'list'])
    expect(code).toBe(0)
    expect(out).toMatch(/^github +GitHub, one repository +--repo$/m)
    expect(out).toMatch(/^sentry +Sentry, one project +--organization --project \[--host\]$/m)
    expect(JSON.parse((await home.run(['preset', 'list', '--json'])).out)).toMatchObject({
      presets: expect.arrayContaining([
        expect.objectContaining({ name: 'jira', parameters: ['site', 'project', 'email'] }),
      ]),
    })
  })

  test('show says what it asks for, offers and guards against', async () => {
    const { code, out } = await home.run(['preset', 'show', 'gitlab'])
    expect(code).toBe(0)
    expect(out).toContain('gitlab.com when left out')
    expect(out).toContain('Credential: api_key, in header, name private-token')
    expect(out).toContain('create_issue_note')
    expect(out).toContain('/merge')
    expect(out).toContain('$ keyhold tool add gitlab --preset gitlab --project 278964')
    expect(JSON.parse((await home.run(['preset', 'show', 'gitlab', '--json'])).out)).toMatchObject({ name: 'gitlab' })
  })

  test('show of an unknown one names what was meant', async () => {
    const { code, err } = await home.run(['preset', 'show', 'gitlb'])
    expect(code).toBe(2)
    expect(err).toContain('did you mean gitlab?')
  })
})
