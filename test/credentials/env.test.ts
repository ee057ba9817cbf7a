import { expect, test } from 'vitest'
import { readSource } from '../../src/credentials/read-source.ts'

const placesWith = (environment: Record<string, string | undefined>) => ({
  stateDir: '/nowhere',
  home: '/nowhere',
  environment,
  platform: process.platform,
})

test('a variable gives its value unchanged', async () => {
  expect(await readSource({ env: 'TOKEN' }, placesWith({ TOKEN: ' a b ' }))).toBe(' a b ')
})

test.each([
  ['missing', {}, 'TOKEN', 'the variable TOKEN is not set'],
  ['undefined', { TOKEN: undefined }, 'TOKEN', 'the variable TOKEN is not set'],
  ['empty', { TOKEN: '' }, 'TOKEN', 'the variable TOKEN is empty'],
  ['inherited from the object', {}, 'constructor', 'the variable constructor is not set'],
])('a variable that is %s is refused by name', async (_, environment, name, detail) => {
  await expect(readSource({ env: name }, placesWith(environment))).rejects.toMatchObject({
    code: 'credential_unavailable',
    message: detail,
  })
})
