import { serveOverHttp } from '../../src/server/http.ts'
import { conformanceFactory } from './factory.ts'

/**
 * The HTTP stack of `keyhold serve`, with the suite's fixtures behind it and nobody asked for a token.
 * Prints its address; ends when its standard input does, so that it cannot outlive who started it.
 */
const caller = { name: 'suite', factory: conformanceFactory() }
const http = await serveOverHttp({
  host: '127.0.0.1',
  port: 0,
  publicUrl: null,
  maxBodyBytes: 4 * 1_048_576,
  callerOf: () => caller,
  onRejected: reason => process.stderr.write(`refused: ${reason}\n`),
  onError: error => process.stderr.write(`protocol: ${error.message}\n`),
})
process.stdout.write(`${http.url}/mcp\n`)
process.stdin.resume().once('end', () => process.exit(0))
