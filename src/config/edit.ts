import { constants } from 'node:fs'
import { chmod, type FileHandle, open, readlink, realpath, rename, rm } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { type Document, isMap, parseDocument } from 'yaml'
import { syncFolder, writeTemporary } from '../credentials/private-file.ts'
import type { Kind } from '../kind.ts'
import { Refusal } from '../refusal.ts'
import type { LoadedConfig } from './build.ts'
import { loadConfig } from './load.ts'
import { ConfigError, configError } from './problem.ts'
import { append, rewrite, splice } from './splice.ts'

/** As `loadConfig` has it. */
const maxFileBytes = 1_048_576

type Path = readonly string[]

/**
 * Puts a value into the text of a configuration, making the mappings above it where they are missing. Everything else
 * keeps its bytes, comments and blank lines included; only where a mapping on the path is written in flow style
 * (`{ a: 1 }`) is the whole text laid out anew.
 *
 * @throws Refusal invalid_input when the text is no YAML that can be edited so that exactly this changes
 */
export function setIn(text: string, path: Path, value: unknown): string {
  if (path.length === 0 || path.includes('__proto__')) throw new TypeError('a path of ordinary keys is needed')
  const start = parse(text).contents === null ? withVersion(text) : text
  const wanted = put(plain(parse(start)), path, value)
  if (isDeepStrictEqual(plain(parse(start)), wanted)) return start
  for (const edit of [splice, rewrite]) {
    const edited = edit(start, path, value)
    if (edited !== null && means(edited, wanted)) return edited
  }
  throw unusable(`${path.join('.')} cannot be set here; aliases (*name) and merged keys are changed by hand`)
}

/**
 * Puts several values under one mapping, as `setIn` does each. Keys that are new are put in together: a text that grows by
 * a hundred operations is not read a hundred times.
 *
 * @throws Refusal invalid_input
 */
export function setEach(text: string, path: Path, entries: Readonly<Record<string, unknown>>): string {
  const present = getIn(text, path)
  if (!isRecord(present) || Object.keys(present).length === 0) {
    return Object.keys(entries).length === 0 ? text : setIn(text, path, entries)
  }
  const added = Object.entries(entries).filter(([key]) => own(present, key) === undefined)
  const set = (start: string, pairs: readonly (readonly [string, unknown])[]) =>
    pairs.reduce((edited, [key, value]) => setIn(edited, [...path, key], value), start)
  const same = ([key, value]: readonly [string, unknown]) =>
    isDeepStrictEqual(own(present, key), JSON.parse(JSON.stringify(value)))
  const start = set(
    text,
    Object.entries(entries).filter(pair => own(present, pair[0]) !== undefined && !same(pair)),
  )
  if (added.length === 0) return start
  const wanted = added.reduce((whole, [key, value]) => put(whole, [...path, key], value), plain(parse(start)))
  const edited = append(start, path, Object.fromEntries(added))
  return edited !== null && means(edited, wanted) ? edited : set(start, added)
}

/** Tells whether there is a value at a path of a configuration's text; null counts as one. */
export function hasIn(text: string, path: Path): boolean {
  return getIn(text, path) !== undefined
}

/**
 * The value at a path of a configuration's text as plain data; undefined when there is none.
 *
 * @throws Refusal invalid_input when the text is no YAML
 */
export function getIn(text: string, path: Path): unknown {
  return path.reduce<unknown>((value, key) => (isRecord(value) ? own(value, key) : undefined), plain(parse(text)))
}

function parse(text: string): Document.Parsed {
  const document = parseDocument(text, { prettyErrors: false, uniqueKeys: true })
  if (document.errors.length > 0) throw unusable('it is not valid YAML; keyhold check says where')
  if (document.contents !== null && !isMap(document.contents) && plain(document) !== null) {
    throw unusable('it is not a mapping (key: value lines)')
  }
  return document
}

function plain(document: Document.Parsed): unknown {
  try {
    // By way of JSON, so that what an anchor shares becomes separate: a change of one must not look like a change of all.
    return JSON.parse(JSON.stringify(document.toJS({ maxAliasCount: 100 }) ?? null))
  } catch {
    throw unusable('an alias (*name) has no anchor, or there are too many of them')
  }
}

function unusable(reason: string): Refusal {
  return new Refusal('invalid_input', `the configuration cannot be edited: ${reason}`)
}

function withVersion(text: string): string {
  return `${text === '' || text.endsWith('\n') ? text : `${text}\n`}version: 1\n`
}

function put(whole: unknown, path: Path, value: unknown): unknown {
  const root: Record<string, unknown> = isRecord(whole) ? whole : {}
  let at = root
  for (const key of path.slice(0, -1)) {
    const next = own(at, key)
    if (next !== undefined && next !== null && !isRecord(next)) throw unusable(`${key} is not a mapping`)
    const child: Record<string, unknown> = isRecord(next) ? next : {}
    at[key] = child
    at = child
  }
  at[path.at(-1) as string] = JSON.parse(JSON.stringify(value))
  return root
}

function means(text: string, wanted: unknown): boolean {
  try {
    return isDeepStrictEqual(plain(parse(text)), wanted)
  } catch {
    return false
  }
}

/**
 * Reads the text of a configuration file for an edit; null when there is no file yet.
 *
 * @throws ConfigError
 */
export async function readConfigFile(file: string): Promise<string | null> {
  try {
    return (await readCurrent(await placeOf(file)))?.text ?? null
  } catch (error) {
    throw asConfigError(file, error)
  }
}

/**
 * Puts a text into place as the configuration, in one step: whoever reads the file finds the old text or the new. A new
 * file is for its owner alone (0600), an existing one keeps its mode. A symbolic link stays, and what it leads to changes.
 *
 * @param before the text that the edit began with (null: there was no file); when it is given and the file holds another
 *   by now, somebody else has changed it, and nothing is written
 * @throws ConfigError
 */
export async function writeConfigFile(file: string, text: string, before?: string | null): Promise<void> {
  try {
    const place = await placeOf(file)
    const current = await readCurrent(place)
    if (before !== undefined && (current?.text ?? null) !== before) {
      throw configError(file, '', 'was changed by somebody else meanwhile; nothing was written, so run this again')
    }
    // Made under a name of its own (O_EXCL) and renamed: a link that is put in its way is replaced, never written through.
    const temporary = await writeTemporary(place, Buffer.from(text))
    try {
      if (current !== null) await chmod(temporary, current.mode)
      await rename(temporary, place)
    } catch (error) {
      await rm(temporary, { force: true })
      throw error
    }
    await syncFolder(dirname(place), process.platform)
  } catch (error) {
    throw asConfigError(file, error)
  }
}

/**
 * Loads a text as if it were the configuration file already.
 *
 * @throws ConfigError with every problem, each with its place in the new text
 */
export async function checkConfigText(file: string, text: string, kinds: readonly Kind[]): Promise<LoadedConfig> {
  let temporary: string | null = null
  try {
    temporary = await writeTemporary(await placeOf(file), Buffer.from(text))
    return await loadConfig(temporary, kinds)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw asConfigError(file, error)
    throw new ConfigError(error.problems.map(problem => ({ ...problem, file })))
  } finally {
    if (temporary !== null) await rm(temporary, { force: true })
  }
}

/** Where the file really is: links are followed once, before anything is looked at. */
async function placeOf(file: string): Promise<string> {
  try {
    return await realpath(file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    const link = await readlink(file).catch(() => null)
    if (link !== null) throw configError(file, '', 'is a symbolic link that leads nowhere')
    return join(await realpath(dirname(resolve(file))), basename(file))
  }
}

async function readCurrent(place: string): Promise<{ readonly text: string; readonly mode: number } | null> {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants
  let handle: FileHandle
  try {
    // Without O_NONBLOCK, opening a FIFO waits for a writer. The flags are undefined on Windows, and count as 0.
    handle = await open(place, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
  try {
    const stats = await handle.stat()
    if (!stats.isFile()) throw configError(place, '', 'is not a regular file')
    if (stats.size > maxFileBytes) throw configError(place, '', `larger than ${maxFileBytes} bytes`)
    return {
      text: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(await handle.readFile()),
      mode: stats.mode & 0o777,
    }
  } finally {
    await handle.close()
  }
}

function asConfigError(file: string, error: unknown): unknown {
  if (error instanceof ConfigError || error instanceof Refusal) return error
  const code = (error as NodeJS.ErrnoException).code
  if (code === undefined) return error
  if (code === 'ENOENT') return configError(file, '', 'its folder does not exist')
  if (code === 'ELOOP') return configError(file, '', 'became a symbolic link meanwhile; nothing was written')
  if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA') return configError(file, '', 'not valid UTF-8')
  return configError(file, '', `cannot be read or written (${code})`)
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function own(record: Record<string, unknown>, key: string): unknown {
  return Object.hasOwn(record, key) ? record[key] : undefined
}
