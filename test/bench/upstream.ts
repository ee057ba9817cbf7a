import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/*
 * The API behind both servers, a process of its own: answers at once with about 300 bytes of JSON, on
 * connections that stay open, to whoever presents the token.
 */

const expected = `Bearer ${process.env['API_TOKEN'] ?? ''}`
const found = Buffer.from(
  JSON.stringify({
    id: 4711,
    number: 42,
    title: 'The checkout button does nothing on a slow connection',
    state: 'open',
    user: { login: 'octocat', id: 1 },
    labels: ['bug', 'checkout'],
    comments: 3,
    created_at: '2026-05-04T08:15:00Z',
    updated_at: '2026-05-06T17:42:31Z',
    url: 'https://shop.example.com/issues/42',
  }),
)

const server = createServer({ keepAliveTimeout: 600_000 }, (request, response) => {
  const known = request.headers.authorization === expected
  response.writeHead(known ? 200 : 401, { 'content-type': 'application/json', 'content-length': found.length })
  response.end(found)
})
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo
  process.stderr.write(`${JSON.stringify({ url: `http://127.0.0.1:${port}` })}\n`)
})
