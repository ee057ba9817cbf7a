import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs'
import { LineCounter, parseDocument } from 'yaml'
import type { Kind } from '../kind.ts'
import { buildConfig, type LoadedConfig } from './build.ts'
import { type Found, problemsOf } from './issues.ts'
import { createLocator } from './locate.ts'
import { ConfigError, configError } from './problem.ts'
import { configSchema } from './schema.ts'

const maxFileBytes = 1_048_576

/**
 * Reads and checks a configuration file, and builds everything that depends on nothing else.
 *
 * @throws ConfigError with every problem found, each with line, column, key and reason
 */
export async function loadConfig(file: string, kinds: readonly Kind[]): Promise<LoadedConfig> {
  const text = readText(file)
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true })
  const locate = createLocator(document, lines)
  const fail = (problems: readonly Found[]): never => {
    throw new ConfigError(
      problems.map(({ path, reason }) => ({ file, ...locate.value(path), key: path.map(String).join('.'), reason })),
    )
  }
  if (document.errors.length > 0) {
    throw new ConfigError(
      document.errors.map(error => ({
        file,
        ...locate.offset(error.pos[0]),
        key: '',
        reason: firstSentence(error.message),
      })),
    )
  }
  const raw = plainValue(document, fail)
  if (raw === null || raw === undefined) fail([{ path: [], reason: 'the file is empty; it begins with version: 1' }])
  const schema = configSchema(kinds)
  // Compiling the schema to code pays off from the second use on; a configuration is parsed once.
  const parsed = schema.safeParse(raw, { jitless: true })
  if (!parsed.success) return fail(parsed.error.issues.flatMap(issue => problemsOf(issue, schema)))
  return buildConfig({ file, text, document: parsed.data, kinds, fail })
}

/** An alias that leads nowhere is named in the library's message; it could be a secret that begins with `*`. */
function plainValue(document: ReturnType<typeof parseDocument>, fail: (problems: readonly Found[]) => never): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 })
  } catch {
    return fail([
      {
        path: [],
        reason: 'an alias (*name) that has no anchor, or too many of them; quote a value that begins with *',
      },
    ])
  }
}

function readText(file: string): string {
  const fail = (reason: string): never => {
    throw configError(file, '', reason)
  }
  try {
    const descriptor = openSync(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
    try {
      const { size, uid, mode } = fstatSync(descriptor)
      if (size > maxFileBytes) fail(`larger than ${maxFileBytes} bytes`)
      // The file says where secrets are sent: whoever can write it can have them.
      const user = process.getuid?.()
      if (user !== undefined && uid !== user && uid !== 0)
        fail(`belongs to another user; it must belong to you or to root`)
      if (user !== undefined && (mode & 0o022) !== 0) fail(`others can write it: chmod go-w ${file}`)
      return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(descriptor))
    } finally {
      closeSync(descriptor)
    }
  } catch (error) {
    if (error instanceof ConfigError) throw error
    const code = (error as NodeJS.ErrnoException).code
    if (code === 'ENOENT') return fail('no such file')
    if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA') return fail('not valid UTF-8')
    return fail(`cannot be read (${code ?? 'unknown error'})`)
  }
}

function firstSentence(message: string): string {
  return (message.split('\n')[0] ?? '').replace(/ at line \d+, column \d+:?$/, '')
}
