import type { Construction, Throughput } from './measure.ts'

/** Everything that one run found out. */
export interface Findings {
  readonly node: string
  readonly construction: readonly Construction[]
  readonly throughput: readonly Throughput[]
}

/** Writes the findings for a person. */
export function formatFindings({ node, construction, throughput }: Findings): string {
  return [
    `Redaction of text without a secret in it; Node ${node}; MB are millions of characters`,
    '',
    row('values', 'text', 'MB', 'MB/s whole', 'without parts', 'MB/s in pieces', 'false positives'),
    ...throughput.map(each =>
      row(
        String(each.values),
        each.kind,
        each.size.toFixed(1),
        each.text.toFixed(0),
        each.textWithoutParts.toFixed(0),
        each.stream.toFixed(0),
        String(each.falsePositives),
      ),
    ),
    '',
    ['making a redactor of'.padEnd(36), 'first (ms)'.padStart(12), 'median (ms)'.padStart(12)].join(''),
    ...construction.map(each =>
      [each.of.padEnd(36), each.first.toFixed(2).padStart(12), each.median.toFixed(2).padStart(12)].join(''),
    ),
    '',
  ].join('\n')
}

function row(values: string, kind: string, ...figures: readonly string[]): string {
  return [values.padEnd(8), kind.padEnd(28), ...figures.map(figure => figure.padStart(16))].join('')
}
