import type { z } from 'zod'
import type { RefusalFields } from './refusal.ts'
import type { Secret } from './secret.ts'

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

/** A credential as a worker holds it, by type. */
export type LeasedCredential = { readonly type: 'bearer'; readonly scheme: string; readonly token: Secret }

/** A value that has been through redaction already; only `redact/` makes one. */
export interface Redacted {
  readonly value: Json
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
  readonly limits: Limits
  /** Aborts at the deadline and when the caller cancels. */
  readonly signal: AbortSignal
  redactedText(): RedactedText
  /** Marks the milliseconds that the target took, for the record and the benchmarks. */
  upstreamTook(ms: number): void
}

/** What an execution gives back. Everything in `answer` is redacted on its way out of the worker. */
export interface Execution {
  /** The object an agent receives, complete by itself. A value that is a `Redacted` is not scanned again. */
  readonly answer: { readonly [key: string]: unknown }
  /** True when the target itself reports a failure (an HTTP status of 400 or more, a SQL error). */
  readonly isError: boolean
  /** HTTP status, where there is one. */
  readonly status?: number
  readonly bytesOut: number
  readonly bytesIn: number
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
}

/** One folder under tools/: code for a class of targets. An admin configures instances of it. */
export interface Kind<Target = never> {
  readonly name: string
  /** What an admin writes for a tool of this kind, beside the keys that every tool has. */
  readonly target: z.ZodObject
  /** Says what is wrong with a target as a whole, where its keys are right one by one; null when nothing is. */
  targetProblem(target: Target): { readonly key: string; readonly message: string } | null
  /** The credential types it can present. */
  readonly credentials: readonly LeasedCredential['type'][]
  readonly permissions: WorkerPermissions
  /** Gate side: the MCP tools of a configured tool, built once per configuration. */
  verbs(target: Target, limits: Limits): Promise<readonly Verb[]>
  /** Gate side: compiles the text between the parentheses of a rule; returns null when it makes no sense. */
  specifier(text: string): ((operation: Operation) => boolean) | null
  /** Worker side: loads what execution needs. The only code that meets a credential. */
  start(target: Target, limits: Limits): Promise<Executor>
}

/** Fixes a kind's types; the returned object is what the core works with. */
export function defineKind<Shape extends z.ZodObject>(
  kind: Omit<Kind<z.output<Shape>>, 'target'> & { readonly target: Shape },
): Kind {
  return kind
}
