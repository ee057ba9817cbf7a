import { grounds } from './grounds.ts'
import { arrangements, type Outcome, tryAll } from './layers.ts'

/* `npm run attacks`: tries every attack on every database in every arrangement, and prints what came of them. */

const outcomes: readonly Outcome[] = ['refused', 'contained', 'ESCAPED']
const cells = (first: string, rest: readonly (string | number)[]) =>
  `${first.padEnd(52)}${rest.map(cell => String(cell).padStart(11)).join('')}\n`

for (const [name, open] of Object.entries(grounds)) {
  const ground = await open()
  try {
    process.stdout.write(`\n${cells(`${name}: ${ground.attacks.length} attacks`, outcomes)}`)
    for (const arrangement of arrangements) {
      const tried = [...(await tryAll(ground, arrangement))]
      const count = (wanted: Outcome) => tried.filter(([, outcome]) => outcome === wanted).length
      process.stdout.write(cells(arrangement, outcomes.map(count)))
      for (const [attack, outcome] of tried) if (outcome === 'ESCAPED') process.stdout.write(`  escaped: ${attack}\n`)
    }
  } finally {
    await ground.stop()
  }
}
