import { randomBytes } from 'node:crypto'
import { homedir } from 'node:os'
import type { World } from './world.ts'

/** The world of a process; what its entry decides is given, everything else is the process's own. */
export function worldOf(
  host: NodeJS.Process,
  own: Pick<World, 'kinds' | 'version' | 'argv' | 'execPath' | 'workerEntry' | 'presetsFolder' | 'code'>,
): World {
  return {
    ...own,
    environment: host.env,
    cwd: host.cwd(),
    home: homedir(),
    platform: host.platform,
    input: host.stdin,
    output: host.stdout,
    errorOutput: host.stderr,
    random: randomBytes,
    clock: Date.now,
    onSignal: (signal, listener) => void host.on(signal, listener),
  }
}
