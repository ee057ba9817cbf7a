import type { Agents } from '../agents/agent.ts'
import type { Credential } from '../credentials/credential.ts'
import type { Stores } from '../credentials/stores.ts'
import type { Kind, Limits } from '../kind.ts'
import type { OtherCredential } from '../leased.ts'

/** One configured tool. */
export interface ToolConfig {
  readonly name: string
  readonly kind: Kind
  readonly description: string
  /** The name of its credential; null when the target needs none. */
  readonly credential: string | null
  /** Those that it uses beside that, such as a client certificate. */
  readonly others: readonly OtherCredential[]
  readonly limits: Limits
  /** What the kind's own schema made of the tool's other keys. */
  readonly target: never
}

/** A checked configuration, frozen. */
export interface Config {
  readonly file: string
  /** First 16 hex digits of the SHA-256 of the file. */
  readonly digest: string
  readonly credentials: ReadonlyMap<string, Credential>
  readonly stores: Stores
  readonly tools: readonly ToolConfig[]
  /** Null when the file has no `agents:` at all; then stdio callers may use every tool. */
  readonly agents: Agents
  readonly server: {
    readonly host: string
    readonly port: number
    readonly publicUrl: string | null
    readonly maxBodyBytes: number
  }
  readonly audit: { readonly dir: string | null; readonly sync: 'batch' | 'always' }
  /** Keys that weaken a promise and are switched on, such as `tools.shop.unsafe_plain_http`. */
  readonly unsafe: readonly string[]
}
