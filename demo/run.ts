import { randomBytes } from 'node:crypto'
import { makeHome } from '../test/support/home.ts'
import { play } from './play.ts'
import { Screen } from './screen.ts'

/*
 * `npm run demo`: plays Keyhold against a real API on this machine, in an installation of its own that
 * is removed afterwards, and exits with 0 only if everything that it shows held.
 */

const { stdout, env } = process
const isTerminal = stdout.isTTY
const screen = new Screen({
  write: text => void stdout.write(text),
  colours: isTerminal && (env['NO_COLOR'] ?? '') === '',
  live: isTerminal,
  columns: isTerminal ? stdout.columns : 100,
})
const home = makeHome()
process.once('SIGINT', () => {
  home.remove()
  process.exit(130)
})

try {
  // Made up anew for every run, in the form that providers give their keys.
  const key = `shop_${randomBytes(18).toString('base64url')}/+9`
  process.exitCode = (await play({ screen, home, key })) ? 0 : 1
} catch (error) {
  screen.line()
  screen.line({ text: `The demo could not be played: ${(error as Error).message}`, tone: 'bad' })
  process.exitCode = 1
} finally {
  home.remove()
}
