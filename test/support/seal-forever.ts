import { seal } from '../../src/credentials/sealed.ts'

/*
 * Seals the values 1, 2, 3, ... as one item until it is killed, and prints each number once it is sealed:
 *   node seal-forever.ts STATE_DIR ITEM PADDING
 */
const [stateDir = '', item = '', padding = ''] = process.argv.slice(2)
const places = { stateDir, home: stateDir, environment: {}, platform: process.platform }
for (let number = 1; ; number++) {
  await seal(item, `${number}:${'x'.repeat(Number(padding))}`, places)
  process.stdout.write(`${number}\n`)
}
