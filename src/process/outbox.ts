/**
 * Hands messages on in as few writes as possible without holding back a lone one: the first message of a
 * turn of the event loop goes out at once, those that follow in the same turn go out together at its end.
 */
export class Outbox<Message> {
  readonly #write: (messages: readonly Message[]) => void
  #waiting: Message[] = []
  #turnTaken = false

  constructor(write: (messages: readonly Message[]) => void) {
    this.#write = write
  }

  push(message: Message): void {
    if (this.#turnTaken) {
      this.#waiting.push(message)
      return
    }
    this.#turnTaken = true
    setImmediate(() => {
      this.#turnTaken = false
      this.flush()
    })
    this.#write([message])
  }

  /** Sends what waits, now. */
  flush(): void {
    if (this.#waiting.length === 0) return
    const messages = this.#waiting
    this.#waiting = []
    this.#write(messages)
  }
}
