import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stringify } from 'yaml'

/** The command as a user runs it. */
export const keyholdCommand = new URL('../../bin/keyhold.js', import.meta.url).pathname

/** One line of the audit log. */
export type AuditLine = Record<string, unknown> & { readonly event: string; readonly seq: number }

/** What a command printed and how it ended. */
export interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** A folder with everything one installation has: state, configuration, audit log. */
export interface Home {
  readonly folder: string
  readonly environment: Record<string, string>
  readonly auditDir: string
  writeConfig(document: unknown): void
  /** Runs `keyhold ARGS`, with `input` on its standard input. */
  run(args: readonly string[], input?: string): Promise<Ran>
  /** Stores a value as a user would: piped into `credential set`. */
  seal(name: string, value: string): Promise<void>
  /** Every line of the audit log, chain by chain. */
  auditLines(): AuditLine[]
  auditText(): string
  remove(): void
}

/** Makes a fresh, empty installation under the temporary folder. */
export function makeHome(): Home {
  const folder = mkdtempSync(join(tmpdir(), 'keyhold-test-'))
  const configFile = join(folder, 'keyhold.yaml')
  const auditDir = join(folder, 'state', 'keyhold', 'audit')
  const environment = {
    PATH: process.env['PATH'] ?? '',
    HOME: folder,
    XDG_STATE_HOME: join(folder, 'state'),
    XDG_CONFIG_HOME: join(folder, 'config'),
    KEYHOLD_CONFIG: configFile,
  }
  const auditFiles = () =>
    readdirSync(auditDir)
      .filter(name => name.endsWith('.jsonl'))
      .sort()
  const home: Home = {
    folder,
    environment,
    auditDir,
    writeConfig: document => {
      writeFileSync(configFile, typeof document === 'string' ? document : stringify(document))
    },
    run: (args, input = '') => run(args, environment, folder, input),
    async seal(name, value) {
      const { code, err } = await home.run(['credential', 'set', name], value)
      if (code !== 0) throw new Error(`credential set failed: ${err}`)
    },
    auditText: () =>
      auditFiles()
        .map(name => readFileSync(join(auditDir, name), 'utf8'))
        .join(''),
    auditLines: () =>
      home
        .auditText()
        .split('\n')
        .filter(line => line !== '')
        .map(line => JSON.parse(line) as AuditLine),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
  return home
}

function run(args: readonly string[], environment: Record<string, string>, cwd: string, input: string): Promise<Ran> {
  return new Promise(resolve => {
    const child = execFile(
      process.execPath,
      [keyholdCommand, ...args],
      { env: environment, cwd, timeout: 60_000 },
      (error, out, err) => {
        resolve({ code: error === null ? 0 : typeof error.code === 'number' ? error.code : -1, out, err })
      },
    )
    child.stdin?.on('error', () => {})
    child.stdin?.end(input)
  })
}
