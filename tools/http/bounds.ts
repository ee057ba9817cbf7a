import type { Presented } from '../../src/leased.ts'
import { compileNever, type Never } from './never.ts'
import type { ForbiddenNames } from './query.ts'
import { normalParameter } from './reserved.ts'
import { baseSegments, type HttpTarget } from './target.ts'

/** What holds for every request of a tool, whichever of its MCP tools plans it; compiled once. */
export interface Bounds {
  readonly target: HttpTarget
  /** The segments of the base URL. */
  readonly base: readonly string[]
  readonly never: Never
  /** The query parameters that the credential fills. */
  readonly credentialNames: ForbiddenNames
}

/** Compiles what holds for every request of a tool. */
export function boundsOf(target: HttpTarget, presented: Presented): Bounds {
  return {
    target,
    base: baseSegments(target),
    never: compileNever(target.never),
    credentialNames: new Set(presented.query.map(normalParameter)),
  }
}
