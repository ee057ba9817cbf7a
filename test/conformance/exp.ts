import net from 'node:net'
import http from 'node:http'
import { Server } from '@modelcontextprotocol/server'
import { serveOverHttp } from '../../src/server/http.ts'
const log: string[] = []
let running = 0
const factory = () => {
  const s = new Server({ name: 'x', version: '1' }, { capabilities: { tools: {} } })
  s.setRequestHandler('tools/list', () => ({ tools: [] }))
  s.setRequestHandler('tools/call', async ({ params }, ctx) => {
    running++
    log.push('start ' + params.name)
    if (params.name === 'hang') await new Promise<void>(r => ctx.mcpReq.signal.addEventListener('abort', () => { log.push('aborted'); r() }))
    if (params.name === 'ask') await ctx.mcpReq.requestSampling({ messages: [], maxTokens: 1 })
    running--
    return { content: [{ type: 'text', text: 'ok' }] }
  })
  return s
}
const srv = await serveOverHttp({ host: '127.0.0.1', port: 0, publicUrl: null, maxBodyBytes: 100_000, callerOf: t => t === 'good' ? { name: 'a', factory } : null, onRejected: r => log.push('rej ' + r), onError: e => log.push('err ' + e.message.slice(0, 100)) })
const port = Number(new URL(srv.url).port)
const wait = (ms: number) => new Promise(r => setTimeout(r, ms))
function raw(chunks: (string | Buffer)[], ms = 500, gap = 5): Promise<string> {
  return new Promise(resolve => {
    let out = ''
    const s = net.connect(port, '127.0.0.1', async () => { for (const c of chunks) { s.write(c); await wait(gap) } })
    s.on('data', d => { out += d })
    s.on('error', e => { out += `<<${(e as NodeJS.ErrnoException).code}>>` })
    s.on('end', () => { out += '<<END>>' })
    setTimeout(() => { s.destroy(); resolve(out) }, ms)
  })
}
const H = `Host: 127.0.0.1:${port}\r\n`
const J = 'Content-Type: application/json\r\nAccept: application/json, text/event-stream\r\n'
const A = 'Authorization: Bearer good\r\n'
const post = (body: string, extra = '') => `POST /mcp HTTP/1.1\r\n${H}${J}${A}${extra}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
const show = (n: string, s: string) => console.log(`--- ${n}\n${s.slice(0, 700)}\n   log: ${log.splice(0).join(' | ')} running ${running}`)
const call = (name: string, id: unknown = 1, args: unknown = {}) => JSON.stringify({ jsonrpc: '2.0', id, method: 'tools/call', params: { name, arguments: args } })
for (const m of ['GET', 'HEAD', 'DELETE', 'OPTIONS', 'PUT', 'TRACE', 'PATCH', 'CONNECT']) show(m, await raw([`${m} /mcp HTTP/1.1\r\n${H}${A}\r\n`], 300))
show('POST healthz', await raw([`POST /healthz HTTP/1.1\r\n${H}Content-Length: 0\r\n\r\n`], 200))
show('413 length', await raw([`POST /mcp HTTP/1.1\r\n${H}${J}${A}Content-Length: 5000000\r\n\r\n`, Buffer.alloc(2_500_000), Buffer.alloc(2_500_000)], 800))
show('413 chunked', await raw([`POST /mcp HTTP/1.1\r\n${H}${J}${A}Transfer-Encoding: chunked\r\n\r\n`, ...Array.from({ length: 20 }, () => '2710\r\n' + 'x'.repeat(10000) + '\r\n'), '0\r\n\r\n', post(call('x'))], 1200))
show('401 then keep-alive', await raw([`POST /mcp HTTP/1.1\r\n${H}${J}Content-Length: 200000\r\n\r\n`, Buffer.alloc(200000, 'x'), post(call('x'))], 800))
show('expect no token', await raw([`POST /mcp HTTP/1.1\r\n${H}${J}Expect: 100-continue\r\nContent-Length: 20\r\n\r\n`], 300))
show('expect ok', await raw([post(call('x'), 'Expect: 100-continue\r\n')], 300))
show('expect other', await raw([post(call('x'), 'Expect: 200-ok\r\n')], 300))
show('pipelined hang x2', await raw([post(call('hang')) + post(call('hang'))], 300)); await wait(100); show('after', '')
show('pipelined order', await raw([post(call('a', 1)) + post(call('b', 2))], 300))
show('half close', await new Promise<string>(r => { let o = ''; const s = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true }, () => s.end(post(call('x')))); s.on('data', d => { o += d }); s.on('close', () => r(o)); setTimeout(() => r(o + '<timeout>'), 500) }))
for (const depth of [3000, 10_000, 45_000]) {
  const deep = '['.repeat(depth) + ']'.repeat(depth)
  show('deep call ' + depth, await raw([post(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x","arguments":{"a":${deep}}}}`)], 800))
  show('deep other ' + depth, await raw([post(`{"jsonrpc":"2.0","id":1,"method":"foo","params":{"a":${deep}}}`)], 800))
  show('deep array ' + depth, await raw([post(deep)], 800))
}
const t0 = Date.now()
show('ask', await raw([post(call('ask'))], 1500)); console.log(Date.now() - t0)
show('batch', await raw([post(`[${call('x', 1)},${call('y', 2)}]`)], 500))
show('batch hang', await raw([post(`[${call('hang', 1)},${call('hang', 1)}]`)], 500)); await wait(100); show('after', '')
show('null', await raw([post('null')], 300)); show('scalar', await raw([post('5')], 300)); show('empty', await raw([post('')], 300))
show('notif', await raw([post('{"jsonrpc":"2.0","method":"notifications/initialized"}')], 300))
show('notif cancelled', await raw([post('{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}')], 300))
show('response', await raw([post('{"jsonrpc":"2.0","id":5,"result":{}}')], 300))
show('id null', await raw([post('{"jsonrpc":"2.0","id":null,"method":"tools/list"}')], 300))
show('id float', await raw([post('{"jsonrpc":"2.0","id":1.5,"method":"tools/list"}')], 300))
show('id big', await raw([post('{"jsonrpc":"2.0","id":12345678901234567890123,"method":"tools/list"}')], 300))
show('bad params', await raw([post('{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":5}}')], 300))
show('params array', await raw([post('{"jsonrpc":"2.0","id":1,"method":"tools/call","params":[1]}')], 300))
show('args string', await raw([post('{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x","arguments":"s"}}')], 300))
show('unknown method', await raw([post('{"jsonrpc":"2.0","id":1,"method":"foo/bar"}')], 300))
show('gzip', await raw([post(call('x'), 'Content-Encoding: gzip\r\n')], 300))
show('absolute', await raw([post(call('x')).replace('POST /mcp', `POST http://127.0.0.1:${port}/mcp`)], 300))
show('http1.0', await raw([post(call('x')).replace('HTTP/1.1', 'HTTP/1.0')], 300))
show('two hosts', await raw([post(call('x'), 'Host: evil.example\r\n')], 300))
show('version bad', await raw([post(call('x'), 'MCP-Protocol-Version: 2020-01-01\r\n')], 300))
show('version twice', await raw([post(call('x'), 'MCP-Protocol-Version: 2025-11-25\r\nMCP-Protocol-Version: 2025-11-25\r\n')], 300))
show('accept star', await raw([post(call('x')).replace('Accept: application/json, text/event-stream', 'Accept: */*')], 300))
show('ct charset', await raw([post(call('x')).replace('application/json\r\n', 'application/json; charset=utf-8\r\n')], 300))
// abort right after sending
await new Promise<void>(r => { const s = net.connect(port, '127.0.0.1', () => { s.write(post(call('hang'))); setTimeout(() => s.destroy(), 30) }); s.on('close', () => r()) })
await wait(100); show('abort', '')
await new Promise<void>(r => { const s = net.connect(port, '127.0.0.1', () => { s.write(post(call('hang')), () => s.resetAndDestroy()) }); s.on('close', () => r()) })
await wait(100); show('abort at once', '')
// shutdown with half-sent request
const half = net.connect(port, '127.0.0.1', () => half.write('POST /mcp HTTP/1.1\r\nHo')); half.on('error', () => {})
const idle = new http.Agent({ keepAlive: true })
await wait(50)
const t1 = Date.now()
const done = await Promise.race([srv.close().then(() => 'closed'), wait(9000).then(() => 'HANG')])
console.log('close with half request:', done, Date.now() - t1)
process.exit(0)
