/** The value below which a share `q` of the values lies; of none it is NaN. */
export function quantile(ascending: ArrayLike<number>, q: number): number {
  return ascending[Math.min(ascending.length - 1, Math.floor(ascending.length * q))] ?? Number.NaN
}

/** The middle value, which one slow round does not move. */
export function median(values: readonly number[]): number {
  const ascending = values.toSorted((a, b) => a - b)
  const middle = ascending.length / 2
  return Number.isInteger(middle)
    ? ((ascending[middle - 1] ?? Number.NaN) + (ascending[middle] ?? Number.NaN)) / 2
    : (ascending[Math.floor(middle)] ?? Number.NaN)
}
