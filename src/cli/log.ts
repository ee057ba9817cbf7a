import { type Logger, pino } from 'pino'

export type Log = Logger

/** The process's own log, on standard error: standard output carries only the protocol. */
export function createLog(level: string): Log {
  return pino(
    { name: 'keyhold', level, base: null, timestamp: pino.stdTimeFunctions.isoTime },
    pino.destination({ dest: 2, sync: true }),
  )
}

/** What of an error may be logged: names and codes of ours, and where it happened. */
export function describeError(error: Error): { readonly reason: string; readonly cause?: string } {
  const { cause } = error
  return { reason: error.message, ...(cause instanceof Error ? { cause: `${cause.name}: ${cause.message}` } : {}) }
}
