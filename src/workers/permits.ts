import type { Json } from '../kind.ts'

/** The questions of a worker that the gate has not answered yet, one at a time for each job. */
export class Permits {
  readonly #waiting = new Map<number, (request: Json | null) => void>()
  readonly #ask: (id: number, step: Json) => void

  constructor(ask: (id: number, step: Json) => void) {
    this.#ask = ask
  }

  /** Asks whether a job may take a further step; the answer is what to carry out, or null. Ends when the signal does. */
  async ask(id: number, step: Json, signal: AbortSignal): Promise<Json | null> {
    signal.throwIfAborted()
    const { promise, resolve, reject } = Promise.withResolvers<Json | null>()
    const onAbort = () => reject(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    this.#waiting.set(id, resolve)
    try {
      this.#ask(id, step)
      return await promise
    } finally {
      this.#waiting.delete(id)
      signal.removeEventListener('abort', onAbort)
    }
  }

  /** Takes the gate's answer. */
  answered(id: number, request: unknown): void {
    this.#waiting.get(id)?.(request as Json | null)
  }
}
