import { afterEach, expect, test } from 'vitest'
import { type Scene, secretToken, setScene } from '../support/scene.ts'

let scene: Scene | null = null
afterEach(() => scene?.end())

const cap = 4_096

/** What an agent gets to see of its own text when that is cut right after a guess at the key. */
async function cutAfter(guess: string): Promise<string> {
  const stored = `${'x'.repeat(cap - guess.length)}${guess}${'y'.repeat(20_000)}`
  const called = await (scene as Scene).call('github_call_api', {
    method: 'GET',
    path: '/stored',
    query: { text: stored.slice(0, 2_000), guess },
  })
  return JSON.stringify(called.structured)
}

test('where an answer is cut tells nothing about how the key begins', async () => {
  scene = await setScene({
    respond: (request, response) => {
      const guess = new URL(request.url, 'http://x').searchParams.get('guess') ?? ''
      response.setHeader('content-type', 'text/plain')
      response.end(`${'x'.repeat(cap - guess.length)}${guess}${'y'.repeat(20_000)}`)
    },
    tool: { allow: ['GET /stored'], limits: { max_response: '4kb' } },
  })
  for (let length = 1; length < secretToken.length; length++) {
    const right = secretToken.slice(0, length)
    const wrong = `${secretToken.slice(0, length - 1)}~`
    const [ofRight, ofWrong] = [await cutAfter(right), await cutAfter(wrong)]
    expect(ofRight.length - right.length, `${length} characters guessed`).toBe(ofWrong.length - wrong.length)
    expect(ofRight).toContain(right)
  }
})

test('a key that lies across the cut is not shown in part', async () => {
  scene = await setScene({
    respond: (request, response) => {
      response.setHeader('content-type', 'text/plain')
      response.end(`${'x'.repeat(cap - 15)}${(request.headers.authorization ?? '').slice(7)}${'y'.repeat(20_000)}`)
    },
    tool: { allow: ['GET /stored'], limits: { max_response: '4kb' } },
  })
  const called = await scene.call('github_call_api', { method: 'GET', path: '/stored' })
  expect(called.structured['truncated']).toBe(true)
  expect(called.structured['body']).toBe(`${'x'.repeat(cap - 15)}[credential github]`)
})
