import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { rsaKey } from '../../credentials/reading.ts'
import { startTokenEndpoint, type TokenEndpoint } from '../../credentials/token-endpoint.ts'
import { type Tools, setTools } from './tools.ts'

const key = rsaKey()

let github: TokenEndpoint
let tools: Tools
beforeAll(async () => {
  github = await startTokenEndpoint(key.publicKey, Date.now)
  tools = await setTools({
    credentials: home => {
      const file = join(home.folder, 'bot.pem')
      writeFileSync(file, key.pem, { mode: 0o600 })
      return {
        bot: {
          type: 'github_app',
          app_id: '1234',
          installation_id: '5678',
          private_key: { file },
          api_url: github.url,
        },
      }
    },
    tools: () => ({
      reading: { credential: 'bot', allow: ['GET /repos/acme/shop/issues', 'GET /repos/acme/api/contents/**'] },
      writing: {
        credential: 'bot',
        allow: ['GET /repos/acme/shop/issues'],
        operations: {
          comment: {
            request: 'POST /repos/acme/shop/issues/:number/comments',
            description: 'Comments.',
            body: { type: 'object' },
          },
          pull: { request: 'GET /repos/acme/shop/pulls/:number', description: 'A pull request.' },
        },
      },
      wide: { credential: 'bot', allow: ['GET /orgs/acme/repos', 'GET /repos/acme/shop/issues'] },
    }),
  })
})
afterAll(async () => {
  await tools.end()
  await github.close()
})

const cases: readonly (readonly [string, string, object, object, string])[] = [
  [
    'reading',
    'call_api',
    { method: 'GET', path: '/repos/acme/shop/issues' },
    { repositories: ['api', 'shop'], permissions: { metadata: 'read', issues: 'read', contents: 'read' } },
    'repositories: api, shop; permissions: contents=read, issues=read, metadata=read',
  ],
  [
    'writing',
    'comment',
    { number: '7', body: { body: 'hi' } },
    { repositories: ['shop'], permissions: { metadata: 'read', issues: 'write', pull_requests: 'read' } },
    'repositories: shop; permissions: issues=write, metadata=read, pull_requests=read',
  ],
  ['wide', 'call_api', { method: 'GET', path: '/orgs/acme/repos' }, {}, 'all repositories; all permissions'],
]

describe('a GitHub App gets a token for what the scope needs and no more', () => {
  test.each(cases)('%s', async (tool, verb, args, asked, line) => {
    const before = github.asked.length
    const done = await tools.do(`${tool}_${verb}`, args)
    expect(done).toMatchObject({ isError: false, structured: { status: 200 } })
    expect(github.asked.slice(before)).toMatchObject([
      { method: 'POST', path: '/app/installations/5678/access_tokens', body: asked, claims: { iss: '1234' } },
    ])
    expect(github.asked.at(-1)?.body).toEqual(asked)
    expect(done.requests[0]?.headers.authorization).toBe(`Bearer ghs_${String(before + 1).padStart(36, '0')}`)
    const leased = tools.events('credential.leased').filter(event => event['tool'] === tool)
    expect(leased).toMatchObject([
      { credential: 'bot', asked: line, fingerprint: done.record['credential'] && expect.any(String) },
    ])

    const again = await tools.do(`${tool}_${verb}`, args)
    expect(again.requests[0]?.headers.authorization).toBe(done.requests[0]?.headers.authorization)
    expect(github.asked).toHaveLength(before + 1)
    expect(tools.events('credential.leased').filter(event => event['tool'] === tool)).toHaveLength(1)
    expect(done.raw + again.raw + tools.home.auditText()).not.toMatch(/ghs_0|eyJ|PRIVATE KEY/)
  })

  test('what GitHub refuses is told to the admin, and a token that was made just now is not made anew after a 401', async () => {
    github.answer = (response, { statement }) => {
      expect(statement).not.toBe('')
      response.writeHead(422).end('{"message":"not granted"}')
    }
    const fresh = await setTools({
      respond: (_request, response) => void response.writeHead(401).end(),
      credentials: home => {
        const file = join(home.folder, 'bot.pem')
        writeFileSync(file, key.pem, { mode: 0o600 })
        return {
          bot: {
            type: 'github_app',
            app_id: '1234',
            installation_id: '5678',
            private_key: { file },
            api_url: github.url,
          },
        }
      },
      tools: () => ({ reading: { credential: 'bot', allow: ['GET /repos/acme/shop/issues'] } }),
    })
    try {
      const args = { method: 'GET', path: '/repos/acme/shop/issues' }
      const refused = await fresh.do('reading_call_api', args)
      expect(refused).toMatchObject({ isError: true, code: 'credential_unavailable', sent: '' })
      expect(refused.record['detail']).toContain(
        "the app was not granted what the tool's scope needs (repositories: shop; permissions: issues=read, metadata=read)",
      )
      github.answer = null
      const before = github.asked.length
      const done = await fresh.do('reading_call_api', args)
      expect(done.structured).toMatchObject({ status: 401 })
      expect(github.asked).toHaveLength(before + 1)
      expect(done.requests).toHaveLength(1)
    } finally {
      github.answer = null
      await fresh.end()
    }
  })
})
