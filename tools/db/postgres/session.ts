import type { Client, Connection } from 'pg'
import { sessionSettings } from './setup.ts'

/** The connection ended, or was ended, while something was under way. */
export class ConnectionLost extends Error {
  /** SQLSTATE of what the server said last; null when it said nothing. */
  readonly sqlState: string | null

  constructor(message: string, sqlState: string | null = null) {
    super(message)
    this.name = 'ConnectionLost'
    this.sqlState = sqlState
  }
}

/** The server sent more than a statement may give. */
export class TooMuch extends Error {}

/** What a server said about a statement that failed; all of it is data. */
export interface ServerError {
  readonly code?: string | undefined
  readonly position?: string | undefined
}

/** One column as the server describes it. */
export interface Field {
  readonly name: string
  readonly dataTypeID: number
}

/** What came of an exchange. */
export interface Answered {
  /** Of the last command that was carried out, such as `UPDATE 3`; empty when none was. */
  readonly tag: string
  /** How many commands were carried out to their end. */
  readonly done: number
  readonly error: ServerError | null
  /** Whether there are more rows than were asked for. */
  readonly suspended: boolean
  /** Whether the session is in no transaction, in one, or in one that failed. */
  readonly status: 'I' | 'T' | 'E'
}

/** Takes what is wanted of an exchange, as it arrives. */
export interface Reader {
  /** Of the how manieth command, counted from 0; that of others is dropped. */
  readonly of: number
  readonly parameters?: (types: readonly number[]) => void
  readonly fields?: (fields: readonly Field[]) => void
  readonly row?: (values: readonly (string | null)[]) => void
}

interface Pending {
  readonly reader: Reader
  readonly resolve: (answered: Answered) => void
  readonly reject: (error: Error) => void
  tag: string
  done: number
  error: ServerError | null
  suspended: boolean
}

/** What of the messages of the protocol is looked at. */
interface Message {
  readonly name: string
  readonly code?: string
  readonly position?: string
  readonly text?: string
  readonly status?: Answered['status']
  readonly fields?: readonly never[]
  readonly dataTypeIDs?: readonly number[]
}

/**
 * One login at a server. Exchanges are sent as they are asked for, without waiting for the one before; each is answered in
 * turn. The client library logs in and speaks the protocol; from then on it is listened to here, because its own queue waits
 * for each answer, and gives no way to stop at a number of bytes.
 */
export class Session {
  readonly #connection: Connection
  readonly #pending: Pending[] = []
  #ended: Error | null = null
  #bytes = 0
  #allowed = Number.POSITIVE_INFINITY
  /** Whether something was done in it since it was made clean. */
  isDirty = false
  /** Resolves when nothing of the last call is left in it. */
  cleaned: Promise<void> = Promise.resolve()

  constructor(client: Client) {
    this.#connection = client.connection
    // Has the library hand over all messages; it looks for that only when a listener is added.
    this.#connection.on('message', () => {})
    this.#connection.removeAllListeners()
    this.#connection.on('message', (message: Message) => this.#take(message))
    this.#connection.on('error', () => this.destroy(new ConnectionLost('the connection failed')))
    this.#connection.on('end', () => this.destroy(new ConnectionLost('the connection was closed')))
    // Counted before the library keeps any of it: it collects a message whole, however long.
    this.#connection.stream.prependListener('data', (chunk: Buffer) => this.#count(chunk.length))
    if (this.#connection.stream.destroyed) this.destroy(new ConnectionLost('the connection was closed'))
  }

  get ended(): boolean {
    return this.#ended !== null
  }

  /** Bytes that the server has sent since `allow`. */
  get bytes(): number {
    return this.#bytes
  }

  /** Says how many bytes the server may send from here on. */
  allow(bytes: number): void {
    this.#bytes = 0
    this.#allowed = bytes
  }

  /** Sends everything within as one. */
  together<T>(work: () => T): T {
    const { stream } = this.#connection
    stream.cork()
    try {
      return work()
    } finally {
      stream.uncork()
    }
  }

  /** Sends what has an answer that ends with the server being ready again. */
  exchange(send: (connection: Connection) => void, reader: Reader = { of: -1 }): Promise<Answered> {
    if (this.#ended !== null) return Promise.reject(this.#ended)
    this.isDirty = true
    const answered = new Promise<Answered>((resolve, reject) => {
      this.#pending.push({ reader, resolve, reject, tag: '', done: 0, error: null, suspended: false })
    })
    try {
      send(this.#connection)
    } catch {
      this.destroy(new ConnectionLost('what was to be sent could not be'))
    }
    return answered
  }

  /** Has a fixed text carried out; throws when the server refuses it. */
  async command(text: string): Promise<Answered> {
    const answered = await this.exchange(connection => connection.query(text))
    if (answered.error !== null) throw new ConnectionLost('a command of ours was refused', answered.error.code ?? null)
    return answered
  }

  /** Undoes whatever is open, drops all state of the session, and gives it its settings. */
  clean(): Promise<void> {
    const commands = ['ROLLBACK', 'DISCARD ALL', sessionSettings]
    this.cleaned = this.together(() => Promise.all(commands.map(text => this.command(text)))).then(answers => {
      const status = answers.at(-1)?.status
      if (status !== 'I') throw new ConnectionLost('a transaction was left open')
    })
    this.isDirty = false
    this.cleaned.catch((error: Error) => this.destroy(error))
    return this.cleaned
  }

  /** Ends the connection at once; what is under way fails with `error`. */
  destroy(error: Error): void {
    if (this.#ended !== null) return
    const said = this.#pending[0]?.error?.code ?? null
    this.#ended = error instanceof ConnectionLost ? new ConnectionLost(error.message, error.sqlState ?? said) : error
    this.#connection.stream.destroy()
    for (const { reject } of this.#pending.splice(0)) reject(this.#ended)
  }

  /** Says goodbye. */
  end(): void {
    if (this.#ended !== null) return
    this.#ended = new ConnectionLost('the connection was ended')
    this.#connection.end()
    const { stream } = this.#connection
    setTimeout(() => stream.destroy(), 1_000).unref()
  }

  #count(bytes: number): void {
    this.#bytes += bytes
    if (this.#bytes > this.#allowed) this.destroy(new TooMuch('the answer is larger than a statement may give'))
  }

  #take(message: Message): void {
    const [pending] = this.#pending
    if (pending === undefined) {
      // Nobody asked: the server is ending the session, as it does when it shuts down.
      if (message.name === 'error') this.destroy(new ConnectionLost('the server ended it', message.code ?? null))
      return
    }
    const { reader } = pending
    switch (message.name) {
      case 'parameterDescription':
        reader.parameters?.(message.dataTypeIDs ?? [])
        return
      case 'rowDescription':
        if (pending.done === reader.of) reader.fields?.(message.fields ?? [])
        return
      case 'dataRow':
        if (pending.done === reader.of) reader.row?.(message.fields ?? [])
        return
      case 'commandComplete':
        pending.tag = message.text ?? ''
        pending.done += 1
        return
      case 'portalSuspended':
        pending.suspended = true
        return
      case 'error':
        pending.error ??= { code: message.code, position: message.position }
        return
      case 'copyInResponse':
      case 'copyOutResponse':
      case 'replicationStart':
        return this.destroy(new ConnectionLost('the server began to copy'))
      case 'readyForQuery':
        this.#pending.shift()
        pending.resolve({ ...pending, status: message.status ?? 'E' })
        return
      default:
        return
    }
  }
}
