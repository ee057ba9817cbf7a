import type { z } from 'zod'
import type { RefusalFields } from './refusal.ts'
import type { CredentialType, LeasedCredential, NeededRights, OtherCredential, Presented } from './leased.ts'

/** How far an operation reaches, in rising order. */
export type Access = 'read' | 'write' | 'admin'

/** Any value that JSON can hold. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/** What one call would do, worked out without any credential. Policy judges it, the audit log keeps it. */
export interface Operation {
  /** The verb of the field: an HTTP method, a git or SQL command. */
  readonly action: string
  /** What it acts on, within the target: a path, a branch, a table. */
  readonly resource: string
  readonly access: Access
  /** One line for a person. */
  readonly summary: string
  /** Whether doing it twice has the effect of doing it once. */
  readonly idempotent: boolean
  /** Where it acts on several things, each of them; a rule that grants must cover all, one that denies any. */
  readonly touches?: readonly Touch[]
}

/** One of several things that an operation acts on. */
export interface Touch {
  readonly access: Access
  readonly resource: string
}

/** What a tool's own scope says about an operation. Only an entry that an admin wrote can allow. */
export type ScopeVerdict =
  | { readonly allowed: true; readonly by: string }
  | { readonly allowed: false; readonly reason: string; readonly fields?: RefusalFields }

/** The outcome of planning a call. `request` is what the worker will carry out; it is plain JSON. */
export interface Plan {
  readonly operation: Operation
  readonly scope: ScopeVerdict
  readonly request: Json
  /** Present when the same call, made again, must give the stored outcome instead of running twice. */
  readonly once?: Once
}

/** For how long an outcome is kept, and under what key of the agent's choice; without one, the arguments are the key. */
export interface Once {
  readonly windowMs: number
  readonly key: string | null
}

/** One MCP tool of a configured tool: `<tool>_<name>`. */
export interface Verb {
  readonly name: string
  /** Shown to the model; stays under 4,096 characters. */
  readonly description: string
  /** The greatest access any operation of it can have, and whether all of them are idempotent. */
  readonly access: Access
  readonly idempotent: boolean
  /** Checks the arguments; strict, so that an unknown key is an error. */
  readonly input: z.ZodType
  /** The JSON Schemas an agent sees; the input schema shows the scope. */
  readonly inputSchema: JsonObject
  readonly outputSchema: JsonObject
  /** Pure: turns checked arguments into a plan. Throws a Refusal for what cannot be understood. */
  plan(input: unknown): Plan
  /**
   * Pure: judges a further step that a worker asks for within a call, such as following a redirect, as `plan` judged
   * the first. Throws a Refusal for what cannot be understood. A verb without it takes no further steps.
   */
  further?(step: unknown): Plan
}

export type JsonObject = { readonly [key: string]: Json }

/** Limits of one tool; durations in milliseconds, sizes in bytes. */
export interface Limits {
  readonly rate: { readonly points: number; readonly windowMs: number } | null
  readonly concurrency: number
  readonly timeoutMs: number
  readonly maxRequestBytes: number
  readonly maxResponseBytes: number
}

/** A value that has been through redaction already; only `redact/` makes one. */
export interface Redacted {
  readonly value: Json
}

/** Bytes in which no form of a secret was found; only `redact/` makes one. */
export interface RedactedBytes {
  readonly base64: string
}

/** Collects a text that arrives in pieces, redacting as it goes. */
export interface RedactedText {
  push(piece: string): void
  /** Characters of safe text collected so far; the last few of what was pushed may still be held back. */
  readonly length: number
  /** Ends the text where the source ended it. With `json` it is parsed if it parses, else it stays text. */
  end(as: 'json' | 'text'): Redacted
  /**
   * Nothing pushed from here on is shown. Go on pushing what follows until `settled`, then `cut`: where a text is cut
   * must not depend on whether its end looks like the head of a secret.
   */
  limit(): void
  readonly settled: boolean
  /** Ends the text before its source did; what is still undecided is dropped. */
  cut(): Redacted
}

/** What a kind gets for one execution. */
export interface ExecuteContext {
  readonly credential: LeasedCredential | null
  /** The tool's other credentials, by role. The same object as long as nothing was read again. */
  readonly others: Readonly<Record<string, LeasedCredential>>
  readonly limits: Limits
  /** Aborts at the deadline and when the caller cancels. */
  readonly signal: AbortSignal
  /** Milliseconds until the deadline. */
  remainingMs(): number
  /** The key under which the target can tell that this is the same call again; null when the plan has no `once`. */
  readonly onceKey: string | null
  /** Hands over values that the target gave for this credential, such as a session's cookie: they are redacted like the credential. */
  learned(values: readonly string[]): void
  /** Asks the gate whether a further step may be taken; gives what to carry out, or null when it may not. */
  permit(step: Json): Promise<Json | null>
  /** Tells an admin of something about the target that weakens a promise: into log and record, once per sentence. */
  warn(findings: readonly string[]): void
  /** Knows everything that was signed and learned before it was begun. */
  redactedText(): RedactedText
  /** Null when the bytes contain a form of a secret, or could hide one. */
  redactedBytes(bytes: Buffer): RedactedBytes | null
  /** Marks the milliseconds that the target took, for the record and the benchmarks. */
  upstreamTook(ms: number): void
}

/** What an execution gives back. Everything in `answer` is redacted on its way out of the worker. */
export interface Execution {
  /** The object an agent receives, complete by itself. A value that is a `Redacted` is not scanned again. */
  readonly answer: { readonly [key: string]: unknown }
  /** What is no text: shown to the agent as content of its media type. */
  readonly media?: readonly Media[]
  /** True when the target itself reports a failure (an HTTP status of 400 or more, a SQL error). */
  readonly isError: boolean
  /** HTTP status, where there is one. */
  readonly status?: number
  /** How many rows of a database it gives or has changed. */
  readonly rows?: number
  readonly bytesOut: number
  readonly bytesIn: number
}

/** A part of an answer that is no text. */
export interface Media {
  /** Checked to be `type/subtype` and nothing else. */
  readonly type: string
  readonly data: RedactedBytes
}

/** The worker's side of a kind: made once per worker, used for every call. */
export interface Executor {
  execute(request: unknown, context: ExecuteContext): Promise<Execution>
  close(): Promise<void>
}

/** What a worker of this kind may do beyond computing. Everything else is denied by the runtime. */
export interface WorkerPermissions {
  readonly network: boolean
  readonly children: boolean
  /** SQLite opens files without asking the runtime. */
  readonly sqlite: boolean
}

/** What an admin can ask a tool about its target, and what it would take to narrow that down. */
export interface Inspection {
  /** The request that has a worker look at what the credential may do at the target; answers with `findings`. */
  readonly request: Json
  /** What to run at the target for a credential with exactly the rights of the scope. */
  readonly provision: string
}

/** How a tool is put in front of an echo: it keeps its way through gate and worker, but reaches nothing else. */
export interface EchoTwin {
  /**
   * Rewrites what an admin wrote for a tool.
   *
   * @param origin of the echo, such as `http://127.0.0.1:40123`
   */
  readonly target: (written: JsonObject, origin: string) => JsonObject
  /** The calls that have the echo answer in way number `way`: by verb, and with arguments that hold `text`. */
  readonly calls: (way: number, text: string) => readonly { readonly verb: string; readonly args: JsonObject }[]
}

/** Whether a rule is about an operation. A rule that grants is only if it covers everything the operation touches. */
export type Specifier = (operation: Operation, grants: boolean) => boolean

/** One folder under tools/: code for a class of targets. An admin configures instances of it. */
export interface Kind<Target = never> {
  readonly name: string
  /** What an admin writes for a tool of this kind, beside the keys that every tool has. */
  readonly target: z.ZodObject
  /** Keys under `limits` that only tools of this kind have; a target finds them under `limits`. */
  readonly limits: z.ZodObject
  /** Gives a target whose relative paths begin at the folder of the configuration file. */
  located(target: Target, folder: string): object
  /** Says what is wrong with a target as a whole, where its keys are right one by one; null when nothing is. */
  targetProblem(target: Target, hasCredential: boolean): { readonly key: string; readonly message: string } | null
  /** The credential types it can present. */
  readonly credentials: readonly CredentialType[]
  permissions(target: Target): WorkerPermissions
  /** The credentials that a target names beside the tool's own. */
  otherCredentials(target: Target): readonly OtherCredential[]
  /** The files that a worker has to read for this target, beside those of its credentials, and where they are named. */
  files(target: Target): readonly { readonly path: readonly string[]; readonly file: string }[]
  /** What the scope needs of a credential that can be limited to it. */
  neededRights(target: Target): NeededRights
  /**
   * Gate side: the MCP tools of a configured tool, built once per configuration.
   *
   * @throws VerbError or Error with a sentence for the admin
   */
  verbs(target: Target, limits: Limits, presented: Presented): Promise<readonly Verb[]>
  /** Gate side: compiles the text between the parentheses of a rule; returns null when it makes no sense for this target. */
  specifier(text: string, target: Target): Specifier | null
  /** What an admin has declared as a harmless call, to try a credential with; null when nothing is. */
  test(target: Target): Pick<Plan, 'operation' | 'request'> | null
  /** The same tool in front of another target, one that gives back every secret; for the search for leaks. */
  readonly echo: EchoTwin | null
  /** What can be asked about the rights of its credential at the target; null when nothing can. `tool` is its name. */
  inspection(target: Target, tool: string): Inspection | null
  /** Worker side: loads what execution needs. The only code that meets a credential. */
  start(target: Target, limits: Limits): Promise<Executor>
}

/** Fixes a kind's types; the returned object is what the core works with. */
export function defineKind<Shape extends z.ZodObject, Extra extends z.ZodObject>(
  kind: Omit<Kind<z.output<Shape> & { readonly limits: z.output<Extra> }>, 'target' | 'limits'> & {
    readonly target: Shape
    readonly limits: Extra
  },
): Kind {
  return kind
}
