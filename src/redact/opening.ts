import type { Pattern } from './pattern.ts'

/** What the texts of a pattern can begin with, known without compiling it. */
export interface Opening {
  /** Any one of these UTF-16 units. */
  readonly units: string
  readonly canBeEmpty: boolean
}

/** Looks at how a pattern begins. */
export function openingOf(pattern: Pattern): Opening {
  switch (pattern.type) {
    case 'unit':
      return { units: pattern.units, canBeEmpty: false }
    case 'sequence': {
      let units = ''
      for (const part of pattern.parts) {
        const opening = openingOf(part)
        units = joined(units, opening.units)
        if (!opening.canBeEmpty) return { units, canBeEmpty: false }
      }
      return { units, canBeEmpty: true }
    }
    case 'either': {
      const openings = pattern.choices.map(openingOf)
      return {
        units: openings.reduce((units, opening) => joined(units, opening.units), ''),
        canBeEmpty: openings.some(opening => opening.canBeEmpty),
      }
    }
    default:
      return pattern satisfies never
  }
}

function joined(left: string, right: string): string {
  return right.split('').reduce((units, unit) => (units.includes(unit) ? units : units + unit), left)
}
