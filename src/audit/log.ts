import { createSecretKey, type KeyObject } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { Refusal } from '../refusal.ts'
import type { Chain } from './chain.ts'
import { claimChain } from './claim.ts'
import { closedLine, eventLine, openedLine } from './encode.ts'
import type { ClosedFields, EventFields, Link, OpenedFields, Position } from './record.ts'

/**
 * When a record is safe. null: at once, against the death of the process; a loss of power may take the last second.
 * A promise (`sync: always`): when it resolves, against a loss of power too; it rejects with a Refusal.
 */
export type Durable = Promise<void> | null

/** A recorded attempt. Nothing may happen on its behalf before `durable` is null or resolved. */
export interface Attempt {
  readonly call: string
  readonly durable: Durable
  /**
   * Records how the attempt ended; only the first close counts. Where it throws, what it was given is kept and
   * written as soon as the log can be written again.
   */
  close(fields: ClosedFields): Durable
}

/** The record of what was attempted. Every method throws a Refusal `audit_unavailable` when nothing could be recorded. */
export interface AuditLog {
  append(event: string, fields?: EventFields): Durable
  open(fields: OpenedFields): Attempt
  /** Forces everything recorded so far to the disk. */
  flush(): Promise<void>
  /** Flushes, and lets the next process take over at once. */
  close(): Promise<void>
}

export interface AuditLogOptions {
  readonly dir: string
  readonly sync: 'batch' | 'always'
  /** Seals the end of each chain; must not be stored in the directory. */
  readonly sealKey: Buffer
  /** Milliseconds since 1970. */
  readonly clock: () => number
  readonly random: (size: number) => Uint8Array
  /** Hears of what no caller is told: a chain that was not continued, a failed sync, a log that could not be opened. */
  readonly onProblem?: (error: Error) => void
}

/**
 * Opens the audit log. Never throws: where the log cannot be opened now, `onProblem` hears why, every call is refused,
 * and each refused call tries again, so that the service is back when the disk is.
 */
export function openAuditLog(options: AuditLogOptions): AuditLog {
  return new Log(options)
}

interface Closing {
  readonly chain: Chain
  readonly call: string
  readonly timeMs: number
  readonly fields: ClosedFields
}

class Log implements AuditLog {
  readonly #options: AuditLogOptions
  readonly #sealKey: KeyObject
  readonly #onProblem: (error: Error) => void
  readonly #retired: Promise<void>[] = []
  /** Closings that could not be written when they were due. No more than calls in flight: nothing opens meanwhile. */
  readonly #due: Closing[] = []
  #lost: readonly Link[] = []
  #chain: Chain | null = null
  #ended = false

  constructor(options: AuditLogOptions) {
    this.#options = options
    this.#sealKey = createSecretKey(options.sealKey)
    this.#onProblem = options.onProblem ?? (() => {})
    try {
      this.#refusing(() => this.#ready())
    } catch (error) {
      this.#onProblem(error as Error)
    }
  }

  append(event: string, fields: EventFields = {}): Durable {
    return this.#refusing(() => {
      this.#writeDue()
      const chain = this.#write(after => eventLine(after, this.#options.clock(), event, fields), 0)
      return this.#durable(chain)
    })
  }

  open(fields: OpenedFields): Attempt {
    return this.#refusing(() => {
      this.#writeDue()
      const chain = this.#write(after => openedLine(after, this.#options.clock(), fields), 1)
      let closed = false
      return {
        call: fields.call,
        durable: this.#durable(chain),
        close: (closing: ClosedFields) => {
          if (closed) return null
          closed = true
          return this.#close({ chain, call: fields.call, timeMs: this.#options.clock(), fields: closing })
        },
      }
    })
  }

  async flush(): Promise<void> {
    await this.#refusing(() => {
      this.#writeDue()
      return this.#chain === null ? null : this.#synced(this.#chain)
    })
  }

  async close(): Promise<void> {
    if (this.#ended) return
    try {
      await this.flush()
    } finally {
      this.#ended = true
      await Promise.all([...this.#retired, this.#chain?.retire()])
    }
  }

  #close(closing: Closing): Durable {
    return this.#refusing(() => {
      this.#due.push(closing)
      return this.#durable(this.#writeDue() ?? closing.chain)
    })
  }

  #writeDue(): Chain | null {
    let chain: Chain | null = null
    for (let due = this.#due[0]; due !== undefined; due = this.#due[0]) {
      const { chain: openedIn, call, timeMs, fields } = due
      chain = this.#write(
        after => closedLine(after, timeMs, call, fields),
        written => (written === openedIn ? -1 : 0),
      )
      this.#due.shift()
    }
    return chain
  }

  #write(line: (after: Position) => string, opened: 0 | 1 | ((chain: Chain) => -1 | 0)): Chain {
    const chain = this.#ready()
    chain.write(line(chain.position), typeof opened === 'function' ? opened(chain) : opened)
    return chain
  }

  /**
   * The chain to write to. When its file was removed, replaced or altered by someone else, records go on in a new chain
   * whose first line says where the old one truly ended: refusing until a restart would stop the service and
   * forget the only proof that something is missing.
   */
  #ready(): Chain {
    if (this.#ended) throw new Error('the audit log is closed')
    const old = this.#chain
    if (old?.intact(this.#options.clock())) return old
    // Only at the start: later, a directory that is gone was removed or unmounted, and a new one would hide that.
    if (old === null) mkdirSync(this.#options.dir, { recursive: true, mode: 0o700 })
    const lost = old === null ? this.#lost : [...this.#lost, old.link]
    const { dir, clock, random } = this.#options
    this.#chain = claimChain({ dir, clock, random, sealKey: this.#sealKey, onProblem: this.#onProblem, lost })
    this.#lost = lost
    if (old !== null) this.#abandon(old)
    return this.#chain
  }

  #abandon(chain: Chain): void {
    this.#onProblem(
      new Error(`audit chain ${chain.name} was removed or altered, or its disk failed; a new chain goes on`),
    )
    this.#retired.push(chain.retire().catch(this.#onProblem))
  }

  #durable(chain: Chain): Durable {
    if (this.#options.sync === 'always') return this.#synced(chain)
    chain.syncSoon()
    return null
  }

  #synced(chain: Chain): Promise<void> {
    const synced = chain.synced().catch(error => {
      throw this.#refusal(error)
    })
    // A caller may not wait for it; the failure has reached onProblem, and must not end the process.
    synced.catch(() => {})
    return synced
  }

  #refusing<T>(work: () => T): T {
    try {
      return work()
    } catch (error) {
      throw this.#refusal(error)
    }
  }

  #refusal(cause: unknown): Refusal {
    const reason = cause instanceof Error ? cause.message : String(cause)
    return new Refusal('audit_unavailable', `audit log ${this.#options.dir}: ${reason}`, { cause })
  }
}
