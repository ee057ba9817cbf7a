import type { Fetching } from '../../src/credentials/read-source.ts'
import { Stores } from '../../src/credentials/stores.ts'
import type { Secret } from '../../src/secret.ts'

/** What one reading has gathered. */
export interface TestFetching extends Fetching {
  readonly held: readonly Secret[]
  /** Ends the reading, and waits for what its sources do then. */
  end(): Promise<void>
}

/** Makes a reading of its own, from an environment and stores as a configuration writes them. */
export function fetchingOf(given: {
  readonly environment?: Readonly<Record<string, string>>
  readonly home?: string
  readonly stores?: object
  readonly timeoutMs?: number
  readonly clock?: () => number
}): TestFetching {
  const { environment = {}, home = '/nonexistent', stores = {}, timeoutMs = 5_000, clock = Date.now } = given
  const held: Secret[] = []
  const tasks: (() => Promise<void>)[] = []
  return {
    places: { stateDir: home, home, environment, platform: process.platform },
    stores: Stores.parse(stores),
    clock,
    timeoutMs,
    session: new Map(),
    hold: secret => void held.push(secret),
    afterwards: task => void tasks.push(task),
    held,
    async end() {
      await Promise.all(tasks.splice(0).map(task => task()))
    },
  }
}
