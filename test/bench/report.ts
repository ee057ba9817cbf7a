import type { ColdStart, Start } from './cold-start.ts'
import type { Histogram } from './stages.ts'
import type { Measured, Pair, Performance } from './throughput.ts'

/** Everything that one run of the bench found out. */
export interface Findings {
  readonly machine: { readonly node: string; readonly cores: number; readonly loadBefore: number }
  readonly coldStart: Readonly<Record<Start, ColdStart>>
  readonly stdio: Pair<Measured>
  readonly http: Pair<Measured>
  readonly stages: { readonly sequential: Histogram; readonly parallel: Histogram }
}

/** What is aimed at: Keyhold's figure divided by the bare server's. */
interface Aim {
  readonly atMost?: number
  readonly atLeast?: number
}

/** Writes the findings for a person. */
export function formatFindings({ machine, coldStart, stdio, http, stages }: Findings): string {
  return [
    `Keyhold against a bare server of the same SDK; ratio = Keyhold / bare`,
    `Node ${machine.node}, ${machine.cores} cores, load ${machine.loadBefore.toFixed(2)} before the start`,
    heading('stdio, one call at a time'),
    ...performance(pick(stdio, 'sequential'), { throughput: { atLeast: 0.7 }, p50: { atMost: 1.5 } }),
    heading('stdio, 32 calls in flight'),
    ...performance(pick(stdio, 'parallel'), { throughput: { atLeast: 0.7 }, p50: { atMost: 1.5 } }),
    heading('HTTP, one call at a time'),
    ...performance(pick(http, 'sequential'), { throughput: {}, p50: { atMost: 0.9 } }),
    heading('HTTP, 32 calls in flight'),
    ...performance(pick(http, 'parallel'), { throughput: { atLeast: 2 }, p50: { atMost: 0.9 } }),
    heading('Cold start over stdio (ms)'),
    row('tools/list, built package', coldStart.bare.listedMs, coldStart.packed.listedMs, 0, { atMost: 0.6 }),
    row('  without compile cache', coldStart.bare.listedMs, coldStart.packedWithoutCache.listedMs, 0),
    row('  from source', coldStart.bare.listedMs, coldStart.source.listedMs, 0),
    row('then the first call', coldStart.bare.firstCallMs, coldStart.packed.firstCallMs, 0),
    heading('Memory after the load (MB)'),
    ...memory('stdio', stdio),
    ...memory('HTTP', http),
    '',
    ...histogramTable('Stages over stdio, one call at a time (µs)', stages.sequential),
    ...histogramTable('Stages over stdio, 32 calls in flight (µs)', stages.parallel),
  ].join('\n')
}

function pick(pair: Pair<Measured>, load: 'sequential' | 'parallel'): Pair<Performance> {
  return { bare: pair.bare[load], keyhold: pair.keyhold[load] }
}

function performance(
  { bare, keyhold }: Pair<Performance>,
  aims: { readonly throughput: Aim; readonly p50: Aim },
): readonly string[] {
  const keyholdCpu = keyhold.serverCpuMsPerCall + keyhold.workerCpuMsPerCall
  return [
    row('calls a second', bare.callsPerSecond, keyhold.callsPerSecond, 0, aims.throughput),
    row('p50 (ms)', bare.p50Ms, keyhold.p50Ms, 3, aims.p50),
    row('p99 (ms)', bare.p99Ms, keyhold.p99Ms, 3),
    row('CPU a call (ms)', bare.serverCpuMsPerCall, keyholdCpu, 3),
    row('  of which gate', bare.serverCpuMsPerCall, keyhold.serverCpuMsPerCall, 3),
    row('  of which worker', Number.NaN, keyhold.workerCpuMsPerCall, 3),
    row('  (load generator)', bare.clientCpuMsPerCall, keyhold.clientCpuMsPerCall, 3),
  ]
}

function memory(transport: string, { bare, keyhold }: Pair<Measured>): readonly string[] {
  return [
    row(`${transport}: gate`, bare.memory.serverMb, keyhold.memory.serverMb, 0, { atMost: 1 }),
    row(`${transport}: worker`, Number.NaN, keyhold.memory.workerMb, 0),
  ]
}

function heading(title: string): string {
  return `\n${title.padEnd(30)}${['bare', 'Keyhold', 'ratio'].map(word => word.padStart(10)).join('')}   aim`
}

function row(name: string, bare: number, keyhold: number, digits: number, aim: Aim = {}): string {
  const shown = [number(bare, digits), number(keyhold, digits), number(keyhold / bare, 2)]
  return `${name.padEnd(30)}${shown.map(text => text.padStart(10)).join('')}   ${judge(keyhold / bare, aim)}`.trimEnd()
}

function number(value: number, digits: number): string {
  if (Number.isNaN(value)) return ''
  return value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits })
}

function judge(ratio: number, { atMost, atLeast }: Aim): string {
  if (atMost !== undefined) return `at most ${atMost}: ${ratio <= atMost ? 'reached' : 'not reached'}`
  if (atLeast !== undefined) return `at least ${atLeast}: ${ratio >= atLeast ? 'reached' : 'not reached'}`
  return ''
}

const stageOrder = ['record', 'decide', 'limit', 'queue', 'worker', 'upstream', 'redact', 'call'] as const
const stageNotes = { upstream: '(in worker)', redact: '(in worker)', call: '(as the client sees it)' }

function histogramTable(title: string, stages: Histogram): readonly string[] {
  const columns = ['p50', 'p90', 'p99', 'max'] as const
  return [
    `${title.padEnd(50)}${columns.map(name => name.padStart(10)).join('')}`,
    ...stageOrder.map(stage => {
      const note = stage in stageNotes ? ` ${stageNotes[stage as keyof typeof stageNotes]}` : ''
      const spread = stages[stage]
      const figures = columns.map(name => number(spread?.[name] ?? Number.NaN, 0).padStart(10))
      return `${(stage + note).padEnd(50)}${figures.join('')}`
    }),
    '',
  ]
}
