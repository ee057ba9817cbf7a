import { join } from 'node:path'
import { type HardenOptions, type Hardened, harden } from '../workers/hardened.ts'
import type { Log } from './log.ts'
import { placesOf, type World } from './world.ts'

/** Has the workers of this installation kept from other processes of this user, where that works. */
export function hardenWorkers(world: World, copied: HardenOptions['copied']): Promise<Hardened> {
  const { execPath, platform, random } = world
  return harden({ node: execPath, copied, folder: join(placesOf(world).stateDir, 'run'), platform, random })
}

/** Says in the log whether it works; `otherwise` is how loud that is where it does not. */
export function sayHardened(log: Log, hardened: Hardened, otherwise: 'info' | 'warn'): void {
  if (hardened.holds) log.info({ hardened: true }, 'other processes of this user cannot look into workers')
  else
    log[otherwise]({ hardened: false, reason: hardened.reason }, 'other processes of this user can look into workers')
}
