import { statSync } from 'node:fs'
import { lastUses } from '../audit/last-use.ts'
import { type Credential, partsOf, sourcesOf } from '../credentials/credential.ts'
import { fingerprintOf } from '../credentials/fingerprint.ts'
import { expandHome } from '../credentials/needs.ts'
import { readCredential } from '../credentials/read.ts'
import { readSource } from '../credentials/read-source.ts'
import { listSealed } from '../credentials/sealed.ts'
import { keptFiles, sealedFile } from '../credentials/sealed-places.ts'
import { type AnySource, describeSource, type Source } from '../credentials/source.ts'
import { Refusal } from '../refusal.ts'
import { type CredentialCommand, credentialNamed, toolsOf, writeJson } from './credential-command.ts'
import { table } from './table.ts'

/** The commands that look at credentials also look into the audit log, for when each was last used. */
export interface ListCommand extends CredentialCommand {
  readonly auditDir: string
}

/** Lists credentials with their sources and fingerprints, or why they cannot be read, and sealed items that nothing uses. */
export async function listCredentials(command: ListCommand): Promise<void> {
  const configured = [...(command.config?.credentials ?? [])]
  const named = new Set(configured.flatMap(([, credential]) => sourcesOf(credential).map(describeSource)))
  const strays = (await listSealed(command.places)).filter(item => !named.has(describeSource({ sealed: item })))
  const uses = lastUses(command.auditDir, new Set(configured.map(([name]) => name)))
  const rows: Row[] = []
  for (const [name, credential] of configured) rows.push(await rowOf(name, credential, uses.get(name) ?? null, command))
  for (const item of strays) rows.push(await strayRow(item, command))
  if (command.json) return writeJson(command, { credentials: rows })
  if (rows.length === 0) {
    return command.write('There are no credentials yet; keyhold credential set NAME makes one.\n')
  }
  const cells = rows.map(row => cellsOf(row, command.clock()))
  command.write(table([['NAME', 'TYPE', 'SOURCE', 'TOOLS', 'AGE', 'LAST USE', 'FINGERPRINT'], ...cells]))
}

/**
 * Shows one credential: each of its values with its source, who uses it, and when it was used last. Never a value.
 *
 * @throws Refusal invalid_input
 */
export async function showCredential(name: string, command: ListCommand): Promise<void> {
  const credential = credentialNamed(name, command.config)
  const row = await rowOf(name, credential, lastUses(command.auditDir, new Set([name])).get(name) ?? null, command)
  const values = partsOf(credential).map(({ key, source }) => ({
    key,
    source: describeSource(source),
    changed: changedAt(source, command),
  }))
  if (command.json) return writeJson(command, { ...row, values })
  const now = command.clock()
  const lines = [
    ['name', name],
    ['type', credential.type],
    ...values.map(({ key, source, changed }) => [
      key,
      changed === null ? source : `${source}, ${age(changed, now)} old`,
    ]),
    ['tools', row.tools.join(', ') || 'none'],
    ['last use', row.last_use === null ? 'not in the audit log' : `${age(row.last_use, now)} ago (${row.last_use})`],
    ['fingerprint', fingerprintCell(row)],
  ]
  command.write(table(lines))
}

interface Row {
  readonly name: string
  /** Null for a sealed item that the configuration does not name. */
  readonly type: string | null
  readonly source: string
  readonly tools: readonly string[]
  /** When the newest of its values was stored, as RFC 3339; null where that is not known. */
  readonly changed: string | null
  readonly last_use: string | null
  readonly fingerprint: string | null
  /** Why it cannot be read, or was not. */
  readonly problem: string | null
}

async function rowOf(name: string, credential: Credential, lastUse: string | null, command: ListCommand): Promise<Row> {
  const sources = sourcesOf(credential)
  const changed = sources.flatMap(source => changedAt(source, command) ?? []).sort()
  const away = sources.find(isAway)
  return {
    name,
    type: credential.type,
    source: sources.map(describeSource).join(', '),
    tools: toolsOf(name, command.config),
    changed: changed.at(-1) ?? null,
    last_use: lastUse,
    ...(away === undefined
      ? await shown(
          async () => (await readCredential({ name, credential, ...command, ...stores(command) })).fingerprint,
        )
      : { fingerprint: null, problem: `not read; keyhold credential test ${name} does` }),
  }
}

function stores({ config }: CredentialCommand) {
  return { stores: config?.stores ?? {} }
}

/** Reading would run a program, or have a store make a credential, only to look at it. */
function isAway(source: AnySource): boolean {
  return 'command' in source || 'vault' in source || 'aws_secrets' in source
}

/** A sealed item that nothing uses, so that nothing says what its value has to look like. */
async function strayRow(item: string, command: CredentialCommand): Promise<Row> {
  const source: Source = { sealed: item }
  return {
    name: item,
    type: null,
    source: describeSource(source),
    tools: [],
    changed: changedAt(source, command),
    last_use: null,
    ...(await shown(async () => fingerprintOf(command.fingerprintKey, await readSource(source, command.places)))),
  }
}

async function shown(fingerprint: () => Promise<string>): Promise<Pick<Row, 'fingerprint' | 'problem'>> {
  try {
    return { fingerprint: await fingerprint(), problem: null }
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    return { fingerprint: null, problem: error.message }
  }
}

/** When a value was stored, as RFC 3339; null where the place does not say. */
function changedAt(source: AnySource, { places }: CredentialCommand): string | null {
  const file = fileOf(source, places)
  const stats = file === null ? undefined : statSync(file, { throwIfNoEntry: false })
  return stats === undefined ? null : stats.mtime.toISOString()
}

function fileOf(source: AnySource, places: CredentialCommand['places']): string | null {
  if ('sealed' in source) return sealedFile(places.stateDir, source.sealed)
  if ('kept' in source) return keptFiles(places.stateDir, source.kept)[0] ?? null
  return 'file' in source ? expandHome(source.file, places) : null
}

function cellsOf(row: Row, now: number): string[] {
  const use = row.type === null ? 'not in the configuration' : row.tools.length === 0 ? 'no tool' : row.tools.join(', ')
  const since = (time: string | null) => (time === null ? '-' : age(time, now))
  return [row.name, row.type ?? '-', row.source, use, since(row.changed), since(row.last_use), fingerprintCell(row)]
}

function fingerprintCell({ fingerprint, problem }: Row): string {
  if (fingerprint !== null) return fingerprint
  return problem?.startsWith('not read') ? problem : `cannot be read: ${problem}`
}

/** How long ago something was, in the largest unit that fits. */
function age(time: string, now: number): string {
  const seconds = Math.max(0, Math.floor((now - Date.parse(time)) / 1_000))
  const units = [
    [86_400, 'd'],
    [3_600, 'h'],
    [60, 'm'],
  ] as const
  const [size, unit] = units.find(([each]) => seconds >= each) ?? [1, 's']
  return `${Math.floor(seconds / size)}${unit}`
}
