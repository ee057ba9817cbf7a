import { readFileSync } from 'node:fs'

/** What Node writes with `--cpu-prof`; the format of the DevTools protocol, `Profiler.Profile`. */
interface Profile {
  readonly nodes: readonly { readonly id: number; readonly callFrame: Frame }[]
  /** Microseconds of the monotonic clock, the one that `process.hrtime` reads. */
  readonly startTime: number
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
}

interface Frame {
  readonly functionName: string
  readonly url: string
  readonly lineNumber: number
}

/** One function and the time spent in itself. */
export interface SelfTime {
  readonly name: string
  /** `src/gate/invoke.ts:46`, or the module's own path inside its package. */
  readonly place: string
  /** Whose code it is: `keyhold`, a package's name, `node`, `(garbage collector)` and other work of the engine. */
  readonly owner: string
  readonly ms: number
}

/** Adds up a profile by function, over a window of time only, so that start and warm-up are not in it. */
export function selfTimes(file: string, window: { readonly fromUs: number; readonly toUs: number }): SelfTime[] {
  const profile = JSON.parse(readFileSync(file, 'utf8')) as Profile
  const frames = new Map(profile.nodes.map(({ id, callFrame }) => [id, callFrame]))
  const times = new Map<string, SelfTime>()
  let now = profile.startTime
  for (const [index, id] of profile.samples.entries()) {
    const delta = profile.timeDeltas[index] ?? 0
    now += delta
    const frame = frames.get(id)
    if (frame === undefined || now < window.fromUs || now > window.toUs || frame.functionName === '(idle)') continue
    const name = frame.functionName === '' ? '(anonymous)' : frame.functionName
    const place = placeOf(frame)
    const key = `${name} ${place}`
    times.set(key, { name, place, owner: ownerOf(frame), ms: (times.get(key)?.ms ?? 0) + delta / 1_000 })
  }
  return [...times.values()].sort((a, b) => b.ms - a.ms)
}

/** Adds up functions by whose code they are. */
export function byOwner(times: readonly SelfTime[]): readonly (readonly [owner: string, ms: number])[] {
  const sums = new Map<string, number>()
  for (const { owner, ms } of times) sums.set(owner, (sums.get(owner) ?? 0) + ms)
  return [...sums].sort(([, a], [, b]) => b - a)
}

const inPackage = /^.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//

function ownerOf({ functionName, url }: Frame): string {
  // What has no file is the engine's and the kernel's work: `(garbage collector)`, or a native function such as a write.
  if (url === '') return functionName.startsWith('(') ? functionName : 'native'
  if (url.startsWith('node:')) return 'node'
  if (url.startsWith('wasm:')) return 'wasm'
  return inPackage.exec(url)?.[1] ?? 'keyhold'
}

function placeOf({ url, lineNumber }: Frame): string {
  if (url === '') return ''
  const short = url.startsWith('node:')
    ? url
    : url.replace(inPackage, '').replace(/^.*\/(?=(?:src|tools|test|bin)\/)/, '')
  return `${short}:${lineNumber + 1}`
}
