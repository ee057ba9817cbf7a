import { Refusal } from '../refusal.ts'

/**
 * Waits for something for a limited time.
 *
 * @param what what is waited for, for the error message
 * @throws Refusal credential_unavailable when the time is over
 */
export function within<T>(timeoutMs: number, what: string, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new Refusal('credential_unavailable', `${what} did not answer within ${timeoutMs / 1_000} s`))
    }, timeoutMs)
    promise.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}
