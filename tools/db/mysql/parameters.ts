import mysql from 'mysql2'
import type { Json } from '../../../src/kind.ts'

/**
 * Gives values as they are bound: an integer as one, so that it is compared with a column of 64 bits digit by digit and not as
 * a float, and what JSON nests as its text.
 */
export function bound(params: readonly Json[]): readonly unknown[] {
  return params.map(param => {
    if (typeof param === 'number')
      return Number.isSafeInteger(param) && !Object.is(param, -0) ? mysql.TypedParameter.BIGINT(BigInt(param)) : param
    return typeof param === 'object' && param !== null ? JSON.stringify(param) : param
  })
}
