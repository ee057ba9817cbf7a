import type { ExecuteContext } from '../../src/kind.ts'

/** As whom connections are opened. */
export interface Login extends Pick<ExecuteContext, 'credential' | 'others'> {
  /** Whether its role was looked at. */
  isChecked: boolean
}

/** Gives calls with the same credentials the same login; they stay the same objects as long as none was read again. */
export function createLogins(): (context: ExecuteContext) => Login {
  let current: Login | null = null
  return ({ credential, others }) => {
    if (current?.credential !== credential || current.others['certificate'] !== others['certificate'])
      current = { credential, others, isChecked: false }
    return current
  }
}
