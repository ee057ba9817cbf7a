import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type CustomScene, setCustomScene } from '../support/custom-scene.ts'
import { startUpstream, type Upstream } from '../support/upstream.ts'

/*
 * Parts of a key in answers. They are redacted, and whoever uses that to find out a key piece by piece (the API repeats what the
 * agent guesses, and only the right guess is redacted) is stopped after a few.
 */

const key = 'tok_q7Zk2XnR8vLw3BsT5yHc9DfJ1mPa6GuE4xQzK0'
const part = (from: number, length = 14) => key.slice(from, from + length)

let upstream: Upstream
let scene: CustomScene
beforeEach(async () => {
  // An API that gives back what it is sent, such as a comment.
  upstream = await startUpstream((request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ said: (JSON.parse(request.body || '{}') as { say?: string }).say ?? null }))
  })
  scene = await setCustomScene({ key, other: 'tok_An0therValueForAn0therT00l-123' }, file => ({
    credentials: { key: { type: 'bearer', token: file('key') }, other: { type: 'bearer', token: file('other') } },
    tools: Object.fromEntries(
      ['shop', 'other'].map(name => [
        name,
        {
          kind: 'http',
          description: 'An API',
          base_url: upstream.url,
          credential: name === 'shop' ? 'key' : 'other',
          allow: ['POST /say'],
          limits: { concurrency: 1 },
        },
      ]),
    ),
  }))
})
afterEach(async () => {
  await scene.end()
  await upstream.close()
})

const say = (text: string, tool = 'shop') =>
  scene.call(`${tool}_call_api`, { method: 'POST', path: '/say', body: { say: text } })

describe('a part of a key', () => {
  test('is redacted in an answer, and on record by a fingerprint only', async () => {
    const { structured, raw } = await say(`before ${part(10)} after`)
    expect(structured['body']).toEqual({ said: 'before [credential key] after' })
    expect(raw).not.toContain(part(10, 12))
    expect(scene.events('credential.partial')).toMatchObject([
      { tool: 'shop', credential: 'key', part: expect.stringMatching(/^[0-9a-f]{12}$/) },
    ])
    expect(scene.home.auditText() + scene.log()).not.toContain(part(10, 12))
  })

  test('may come again as often as it likes', async () => {
    for (let time = 0; time < 6; time += 1) expect((await say(part(10))).isError).toBe(false)
    expect(scene.events('credential.partial')).toHaveLength(1)
    expect(scene.events('tool.frozen')).toEqual([])
  })

  test('that is too short is none', async () => {
    expect((await say(part(10, 11))).structured['body']).toEqual({ said: part(10, 11) })
  })
})

describe('who finds out a key piece by piece', () => {
  test('is stopped at the fourth part: its answer is withheld, and the tool is frozen', async () => {
    for (const length of [12, 13, 14]) expect((await say(part(8, length))).isError).toBe(false)
    const fourth = await say(part(8, 15))
    expect(fourth.structured).toMatchObject({ code: 'target_refused' })
    expect(fourth.raw).not.toContain(part(8, 12))
    const arrived = upstream.requests.length
    expect((await say('hello')).structured).toMatchObject({ code: 'frozen' })
    expect(upstream.requests).toHaveLength(arrived)
    expect(scene.events('tool.frozen')).toMatchObject([{ tool: 'shop' }])
    await expect.poll(() => scene.events('worker.exited'), { timeout: 5_000 }).toMatchObject([{ tool: 'shop' }])
    expect(scene.calls().slice(-2)).toMatchObject([
      { outcome: 'failed', code: 'target_refused' },
      { outcome: 'refused', code: 'frozen' },
    ])
  })

  test('is stopped when all guesses are in one answer', async () => {
    const guesses = [12, 13, 14, 15, 16].map(length => part(8, length)).join(' | ')
    const answer = await say(guesses)
    expect(answer.structured).toMatchObject({ code: 'target_refused' })
    expect((await say('hello')).structured).toMatchObject({ code: 'frozen' })
  })

  test('has nothing sent that was waiting when the tool was frozen', async () => {
    const guesses = [12, 13, 14, 15].map(length => part(8, length)).join(' | ')
    const answers = await Promise.all([say(guesses), say('one'), say('two'), say('three')])
    expect(answers.map(({ structured }) => structured['code'])).toEqual([
      'target_refused',
      'frozen',
      'frozen',
      'frozen',
    ])
    expect(upstream.requests).toHaveLength(1)
  })

  test('cannot go on with another tool that has the same key', async () => {
    await scene.end()
    scene = await setCustomScene({ key }, file => ({
      credentials: { key: { type: 'bearer', token: file('key') } },
      tools: Object.fromEntries(
        ['shop', 'other'].map(name => [
          name,
          { kind: 'http', description: 'An API', base_url: upstream.url, credential: 'key', allow: ['POST /say'] },
        ]),
      ),
    }))
    for (const length of [12, 13, 14]) expect((await say(part(8, length))).isError).toBe(false)
    expect((await say(part(8, 15), 'other')).structured).toMatchObject({ code: 'target_refused' })
  })

  test('does not stop other tools', async () => {
    await say([12, 13, 14, 15].map(length => part(8, length)).join(' '))
    expect((await say('hello', 'other')).structured).toMatchObject({ body: { said: 'hello' } })
  })

  test('learns nothing by what everybody knows of a key: its prefix', async () => {
    const guesses = Array.from('ABCDEFGHIJKLMNOPQRSTUVWXYZ', letter => `tok_${letter}`).join(' ')
    expect((await say(guesses)).structured['body']).toEqual({ said: guesses })
  })
})
