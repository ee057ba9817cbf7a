import * as z from 'zod'

/** The path of one file that a worker may read: Node's permission model would take a `*` for many. */
export const AbsoluteFile = z
  .string()
  .regex(/^(?:\/|[A-Za-z]:[\\/])[^*\p{Cc}]*[^*\p{Cc}\\/]$/u, 'the absolute path of one file, without *')
