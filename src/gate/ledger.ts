import type { Attempt, AuditLog } from '../audit/log.ts'
import type { ClosedFields } from '../audit/record.ts'
import type { Config } from '../config/config.ts'
import { Refusal } from '../refusal.ts'
import { type WorkerResult } from '../workers/protocol.ts'
import { WorkerRefusal } from '../workers/process.ts'
import { type Answer, refusalAnswer } from './answer.ts'
import { UnknownTool } from './authorize.ts'
import type { Offer } from './catalogue.ts'
import type { Call } from './invoke.ts'
import type { OnceCall } from './once.ts'
import type { Planned } from './plan.ts'

/** What the ledger needs to write a call's two lines. */
export interface Books {
  readonly audit: AuditLog
  readonly config: Config
  readonly nextCallId: () => string
  readonly digest: (args: unknown) => string | null
  /** Hears of what the agent is not told. */
  readonly onProblem: (error: Error) => void
}

/** The two lines of one call, and what is learnt between them. */
export class Ledger {
  readonly #call: Call
  readonly #books: Books
  readonly #started = performance.now()
  readonly argsDigest: string | null
  #attempt: Attempt | null = null
  #offer: Offer | null = null
  #planned: Planned | null = null
  #further = 0

  constructor(call: Call, books: Books) {
    this.#call = call
    this.#books = books
    this.argsDigest = books.digest(call.args ?? {})
  }

  /**
   * Writes the opening line; nothing may happen before it is on disk.
   *
   * @throws Refusal `audit_unavailable`
   */
  async open(offer: Offer | undefined): Promise<void> {
    const { agent, transport, trace, mcpTool } = this.#call
    this.#attempt = this.#books.audit.open({
      call: this.#books.nextCallId(),
      agent: agent.name,
      transport,
      ...(trace === null ? {} : { trace }),
      ...(offer === undefined ? {} : { tool: offer.tool.name, kind: offer.tool.kind.name }),
      // The name is the client's own text; a record must stay a record.
      mcp_tool: mcpTool.slice(0, 200),
      args_digest: this.argsDigest,
      config: this.#books.config.digest,
    })
    if (this.#attempt.durable !== null) await this.#attempt.durable
  }

  planned(offer: Offer, planned: Planned): void {
    this.#offer = offer
    this.#planned = planned
  }

  /** Counts a step beyond the first request, such as a redirect. */
  tookFurther(): void {
    this.#further += 1
  }

  /** Under what name the outcome of a call that must run once is kept: who called what, with which key or arguments. */
  once({ once }: Planned): OnceCall | null {
    if (once === undefined) return null
    const { agent, mcpTool } = this.#call
    const args = this.argsDigest ?? ''
    // With a letter in front, so that no key of an agent's choice is the digest of other arguments.
    const key = once.key === null ? `a${args}` : `k${once.key}`
    return { owner: JSON.stringify([agent.name, mcpTool]), key, args, windowMs: once.windowMs }
  }

  /** Writes the closing line of a call that the target answered, and gives the answer. */
  async answered(result: WorkerResult & { readonly replayed?: boolean }): Promise<Answer> {
    const replayed = result.replayed === true
    await this.#close({
      outcome: result.isError ? 'failed' : 'ok',
      ...this.#credential(result.fingerprint),
      ...(result.status === undefined ? {} : { status: result.status }),
      ...(result.rows === undefined ? {} : { rows: result.rows }),
      bytes_in: result.bytesIn,
      bytes_out: result.bytesOut,
      ...(replayed ? { replayed } : {}),
    })
    const value = replayed ? { ...result.answer, replayed } : result.answer
    return { type: 'result', value, media: result.media ?? [], isError: result.isError }
  }

  /** Writes the closing line of a call that has no result, and gives the refusal. Takes whatever was thrown. */
  async refused(error: unknown): Promise<Answer> {
    if (error instanceof UnknownTool) {
      await this.#close({ outcome: 'refused', code: 'not_allowed', detail: error.message })
      return { type: 'unknown_tool' }
    }
    const refusal = error instanceof Refusal ? error : new Refusal('internal', 'an unexpected error', { cause: error })
    if (refusal.code === 'internal' || refusal.code === 'audit_unavailable') this.#books.onProblem(refusal)
    await this.#close({
      outcome: outcomeOf(refusal),
      code: refusal.code,
      ...this.#credential(refusal instanceof WorkerRefusal ? refusal.fingerprint : null),
      detail: refusal.message.slice(0, 1_000),
    })
    return { type: 'refusal', refusal: refusalAnswer(refusal.code, refusal.fields, this.#attempt?.call ?? null) }
  }

  async #close(fields: ClosedFields): Promise<void> {
    const planned = this.#planned
    const about =
      planned === null || this.#offer === null
        ? {}
        : {
            tool: this.#offer.tool.name,
            kind: this.#offer.tool.kind.name,
            operation: planned.operation,
            decision: planned.decision,
            ...(this.#further > 0 ? { further: this.#further } : {}),
          }
    const duration_ms = Math.round((performance.now() - this.#started) * 1_000) / 1_000
    try {
      await this.#attempt?.close({ ...about, ...fields, duration_ms })
    } catch (error) {
      // What has happened cannot be taken back: the opening line stands, the log keeps the closing line and
      // writes it when it can, and until then every new call is refused. The answer is not withheld.
      this.#books.onProblem(error as Error)
    }
  }

  #credential(fingerprint: string | null): Pick<ClosedFields, 'credential'> {
    const name = this.#offer?.tool.credential ?? null
    return fingerprint === null || name === null ? {} : { credential: { name, fingerprint } }
  }
}

function outcomeOf(refusal: Refusal): ClosedFields['outcome'] {
  switch (refusal.code) {
    case 'outcome_unknown':
      return 'unknown'
    case 'credential_unavailable':
    case 'target_unreachable':
    case 'target_timeout':
    case 'target_refused':
    case 'role_refused':
    case 'response_too_large':
    case 'internal':
      return 'failed'
    case 'invalid_input':
    case 'not_allowed':
    case 'rate_limited':
    case 'busy':
    case 'frozen':
    case 'audit_unavailable':
    case 'cancelled':
      return 'refused'
    default:
      return refusal.code satisfies never
  }
}
