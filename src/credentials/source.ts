import * as z from 'zod'
import { itemPattern, itemRule } from './item.ts'

const howToName =
  '{ sealed: NAME }, { keychain: ITEM }, { env: NAME }, { file: PATH }, { command: [PROGRAM, ARGUMENT] }, ' +
  '{ vault: "MOUNT/PATH#FIELD" }, { aws_secrets: NAME }, { systemd: NAME } or { kubernetes: PATH }'

/** What is said about a value that stands where its source belongs. */
export const literalSecret = `a literal secret does not belong in this file; name a source: ${howToName}`

/** What is said where no source can be made out. */
export const sourceRule = `exactly one source belongs here: ${howToName}`

const Variable = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'a variable is named with letters, digits and underscores only')
  .describe('A variable of the environment that keyhold is started with')

const Item = z.string().regex(itemPattern, itemRule)

// A path becomes a value of --allow-fs-read, where `*` means everything below and a closing slash a whole folder.
const Path = z
  .string()
  .regex(/^(?:~?\/|[A-Za-z]:[\\/])/, 'a path is absolute or begins with ~/')
  .regex(/^[^*\p{Cc}]+(?<![\\/])$/u, 'a path names one file: no *, no closing slash, no control characters')
  .describe('A file that nobody else may read; ~/ is the home folder')

const VaultPath = z
  .string()
  .regex(
    /^[A-Za-z0-9_][A-Za-z0-9_.-]*(?:\/[A-Za-z0-9_][A-Za-z0-9_.-]*)+#[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/,
    'MOUNT/PATH#FIELD, such as secret/shop#token or database/creds/readonly#password',
  )
  .describe('A field of a secret in Vault or OpenBao; stores.vault says where that is')

const AwsSecret = z
  .string()
  .regex(
    /^[A-Za-z0-9/_+=.@:-]{1,512}(?:#[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?$/,
    'the name or the ARN of a secret, and after # the field of one that is JSON, such as shop/api#token',
  )
  .describe('A secret of AWS Secrets Manager; stores.aws says where that is')

const Argument = z
  .string()
  .regex(/^\P{Cc}{0,1024}$/u, 'an argument has no control character, and 1024 characters at most')

// A relative path would lead elsewhere with each folder that Keyhold is started in.
const Program = z
  .string()
  .regex(
    /^(?=\P{Cc}{1,1024}$)(?:~?\/|[A-Za-z]:[\\/]|[^\\/~-][^\\/]*$)/u,
    'a program is an absolute path, begins with ~/, or is a name that is looked up in PATH',
  )

// These would change how Keyhold's own process runs, which hands them on.
const HandedOn = Variable.regex(
  /^(?!NODE_|LD_|DYLD_)/,
  'a variable that changes how programs are loaded is not handed on',
)

/** Where a value comes from. An error never repeats what was written: it may be the secret itself. */
export const Source = z.union(
  [
    z.strictObject({ sealed: Item.describe("An item in keyhold's own encrypted files") }),
    z.strictObject({ keychain: Item.describe('An item in the keychain of the system') }),
    z.strictObject({ env: Variable }),
    z.strictObject({ file: Path }),
    z.strictObject({
      command: z.tuple([Program], Argument).describe('A program and its arguments; it prints the value. No shell'),
      environment: z
        .array(HandedOn)
        .max(16)
        .default([])
        .describe('Variables that the program gets beside HOME and PATH'),
    }),
    z.strictObject({ vault: VaultPath }),
    z.strictObject({ aws_secrets: AwsSecret }),
    z.strictObject({ systemd: Item.describe('A credential of the systemd unit, in $CREDENTIALS_DIRECTORY') }),
    z.strictObject({ kubernetes: Path.describe('A file of a secret that is mounted into this container') }),
  ],
  { error: issue => (typeof issue.input === 'string' ? literalSecret : sourceRule) },
)

export type Source = z.output<typeof Source>

/** A value that Keyhold replaces by itself, such as a refresh token that changes at every use. */
export const Kept = z.strictObject({
  kept: Item.describe('An item that `keyhold credential login` or `set` puts into a file of its own'),
})

export type Kept = z.output<typeof Kept>

/** Every source, those that only some values can have included. */
export type AnySource = Source | Kept

/** Names a source for people: its type and its name, never a value. */
export function describeSource(source: AnySource): string {
  if ('sealed' in source) return `sealed ${source.sealed}`
  if ('keychain' in source) return `keychain ${source.keychain}`
  if ('env' in source) return `env ${source.env}`
  if ('file' in source) return `file ${source.file}`
  // An argument may be the secret itself, put in the wrong place.
  if ('command' in source) return `command ${source.command[0]}`
  if ('vault' in source) return `vault ${source.vault}`
  if ('aws_secrets' in source) return `aws_secrets ${source.aws_secrets}`
  if ('systemd' in source) return `systemd ${source.systemd}`
  if ('kubernetes' in source) return `kubernetes ${source.kubernetes}`
  if ('kept' in source) return `kept ${source.kept}`
  return source satisfies never
}
