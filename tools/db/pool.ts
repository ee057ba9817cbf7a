import { Refusal } from '../../src/refusal.ts'

/** What a pool has to know about what it holds. */
export interface PoolOptions<Identity, Connection> {
  /** The most connections at once. */
  readonly size: number
  /** How long a connection stays open without being used. */
  readonly idleMs: number
  /** Whether both log in as the same, so that a connection of the one serves the other. */
  readonly same: (one: Identity, other: Identity) => boolean
  /** Makes a connection that was used like a new one; fails when that cannot be done. */
  readonly clean: (connection: Connection) => Promise<void>
  /** Asks a connection that was kept for so many milliseconds whether it still stands; without this, its next call finds out. */
  readonly stands?: (connection: Connection, keptMs: number) => Promise<boolean>
  /** Whether the connection still stands, as far as that can be known without asking the server. */
  readonly isAlive: (connection: Connection) => boolean
  /** Closes a connection; does not wait. */
  readonly end: (connection: Connection) => void
}

/** One connection while it is lent, by a call that gives it back exactly once. */
export interface Lent<Connection> {
  readonly connection: Connection
  /** Whether it was opened for this call: one that was kept may have been lost since, which says nothing about the server. */
  readonly isFresh: boolean
  /** Gives it back; it is cleaned before it serves another call. */
  release(): void
  /** Gives it back closed. */
  discard(): void
}

/** How long a call waits for a connection that is being cleaned, before it has another one opened. */
const soonMs = 25

type Waiter = () => void

/** How a call came to look for a connection: at first, when it was woken, or when it had waited in vain for one that is being cleaned. */
type Turn = 'first' | 'woken' | 'late'

interface Idle<Connection> {
  readonly connection: Connection
  readonly since: number
  readonly timer: NodeJS.Timeout
}

/**
 * A bounded number of connections, each of which serves one call at a time. A connection belongs to the identity that has logged in:
 * when calls come with another one (a rotated password), what is left of the old is closed and never lent again.
 */
export class Pool<Identity, Connection> {
  readonly #options: PoolOptions<Identity, Connection>
  readonly #idle: Idle<Connection>[] = []
  readonly #waiters: Waiter[] = []
  #identity: Identity | null = null
  /** Rises with every identity; a connection of an older one is closed when it comes back. */
  #generation = 0
  /** Connections that are open, being opened, or being cleaned. */
  #taken = 0
  #cleaning = 0
  #isClosed = false

  constructor(options: PoolOptions<Identity, Connection>) {
    this.#options = options
  }

  /**
   * Lends a connection: one that is kept, else a new one, else the next that is given back.
   *
   * @throws Refusal `busy` when none came back before the deadline; the signal's reason; what `open` throws
   */
  async lend(identity: Identity, open: () => Promise<Connection>, signal: AbortSignal): Promise<Lent<Connection>> {
    this.#become(identity)
    const generation = this.#generation
    for (let turn: Turn = 'first'; ; ) {
      if (signal.aborted || this.#isClosed) {
        // What this call was woken for is another's.
        this.#wake()
        signal.throwIfAborted()
        throw new Refusal('cancelled', 'the tool is being closed')
      }
      // Another call may have come with a newer identity while this one waited: the connections are no longer this one's.
      const isCurrent = generation === this.#generation
      const idle = isCurrent ? this.#idle.pop() : undefined
      if (idle !== undefined) {
        clearTimeout(idle.timer)
        if ((await this.#stands(idle)) && generation === this.#generation)
          return this.#lent(idle.connection, generation, false)
        this.#drop(idle.connection)
        continue
      }
      // One that is being cleaned is mostly there sooner than a new one would be.
      const isComing = isCurrent && turn !== 'late' && this.#cleaning > this.#waiters.length
      const hasPlace = this.#taken < this.#options.size
      if (hasPlace && !isComing) return this.#opened(open, generation)
      turn = await this.#turn(signal, { isAgain: turn !== 'first', isPatient: !hasPlace })
    }
  }

  /** Closes what is idle, now, and what is lent as soon as it comes back. */
  close(): void {
    this.#isClosed = true
    this.#generation += 1
    this.#endIdle()
    for (const wake of this.#waiters.splice(0)) wake()
  }

  /** Closes a connection that is idle and was lost. */
  forget(connection: Connection): void {
    const index = this.#idle.findIndex(idle => idle.connection === connection)
    if (index === -1) return
    const [idle] = this.#idle.splice(index, 1)
    clearTimeout(idle?.timer)
    this.#drop(connection)
  }

  /** Closes every idle connection: one was found lost, and the others may be as well without anybody knowing. */
  distrust(): void {
    this.#endIdle()
  }

  #become(identity: Identity): void {
    if (this.#identity !== null && this.#options.same(this.#identity, identity)) return
    this.#identity = identity
    this.#generation += 1
    this.#endIdle()
  }

  async #stands({ connection, since }: Idle<Connection>): Promise<boolean> {
    const { isAlive, stands } = this.#options
    return isAlive(connection) && (stands === undefined || stands(connection, performance.now() - since))
  }

  async #opened(open: () => Promise<Connection>, generation: number): Promise<Lent<Connection>> {
    this.#taken += 1
    try {
      return this.#lent(await open(), generation, true)
    } catch (error) {
      this.#taken -= 1
      this.#wake()
      throw error
    }
  }

  #lent(connection: Connection, generation: number, isFresh: boolean): Lent<Connection> {
    let isBack = false
    const once = (back: () => void) => () => {
      if (isBack) return
      isBack = true
      back()
    }
    return {
      connection,
      isFresh,
      release: once(() => void this.#take(connection, generation)),
      discard: once(() => this.#drop(connection)),
    }
  }

  async #take(connection: Connection, generation: number): Promise<void> {
    if (!this.#isWanted(connection, generation)) return this.#drop(connection)
    this.#cleaning += 1
    const isClean = await this.#options.clean(connection).then(
      () => true,
      () => false,
    )
    this.#cleaning -= 1
    if (!isClean || !this.#isWanted(connection, generation)) return this.#drop(connection)
    const timer = setTimeout(() => this.forget(connection), this.#options.idleMs).unref()
    this.#idle.push({ connection, since: performance.now(), timer })
    this.#wake()
  }

  #isWanted(connection: Connection, generation: number): boolean {
    return generation === this.#generation && this.#options.isAlive(connection)
  }

  #drop(connection: Connection): void {
    this.#taken -= 1
    this.#options.end(connection)
    this.#wake()
  }

  #endIdle(): void {
    for (const { connection, timer } of this.#idle.splice(0)) {
      clearTimeout(timer)
      this.#drop(connection)
    }
  }

  #wake(): void {
    this.#waiters.shift()?.()
  }

  /** Waits until a connection may be had; who was woken in vain is the next again. */
  #turn(
    signal: AbortSignal,
    { isAgain, isPatient }: { readonly isAgain: boolean; readonly isPatient: boolean },
  ): Promise<Turn> {
    return new Promise((resolve, reject) => {
      const leave = () => {
        clearTimeout(timer)
        signal.removeEventListener('abort', onAbort)
      }
      const wake = () => {
        leave()
        resolve('woken')
      }
      const onSoon = () => {
        leave()
        this.#waiters.splice(this.#waiters.indexOf(wake), 1)
        resolve('late')
      }
      const onAbort = () => {
        leave()
        this.#waiters.splice(this.#waiters.indexOf(wake), 1)
        const { reason } = signal as { readonly reason: unknown }
        const isLate = reason instanceof Refusal ? reason.code === 'target_timeout' : isTimeout(reason)
        reject(isLate ? new Refusal('busy', 'all connections were in use until the deadline') : reason)
      }
      const timer = isPatient ? undefined : setTimeout(onSoon, soonMs)
      if (isAgain) this.#waiters.unshift(wake)
      else this.#waiters.push(wake)
      signal.addEventListener('abort', onAbort, { once: true })
    })
  }
}

/** Whether a signal was aborted by its own clock. */
function isTimeout(reason: unknown): boolean {
  return reason instanceof Error && reason.name === 'TimeoutError'
}
