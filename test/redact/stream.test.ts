import { describe, expect, test } from 'vitest'
import { formsOf } from '../support/forms.ts'
import { label, pieces, redactorOf, samples, seeded, unfinished } from './samples.ts'

describe.each(Object.entries(samples))('%s in pieces', (_, secret) => {
  const redactor = redactorOf(secret)

  test('no beginning of any form gets out, and all that precedes it does', () => {
    for (const [name, form] of Object.entries(formsOf(secret))) {
      const before = 'text! '
      const text = redactor.collect()
      text.push(before)
      // A form may be complete before its last character, which is then padding or a semicolon.
      let complete = false
      for (let end = 1; end < form.length && !complete; end += 1) {
        text.push(form[end - 1] ?? '')
        complete = redactor.text(form.slice(0, end)) !== form.slice(0, end)
        if (!complete) expect(text.length, `${name}: ${form.slice(0, end)}`).toBe(before.length)
      }
    }
  })

  test('a text that is cut within a form shows nothing of it', () => {
    for (const [name, form] of Object.entries(formsOf(secret))) {
      for (let end = 1; end <= form.length; end += 1) {
        const text = redactor.collect()
        text.push(`text! ${form.slice(0, end)}`)
        expect(['text! ', `text! ${label}`], `${name}: ${form.slice(0, end)}`).toContain(text.cut().value)
      }
    }
  })

  test('a text that ends within a form is what it was', () => {
    for (const [name, form] of Object.entries(formsOf(secret))) {
      const short = unfinished(form, secret)
      const text = redactor.collect()
      for (const piece of pieces(`text! ${short}`, seeded(3))) text.push(piece)
      expect(text.end('text').value, name).toBe(`text! ${short}`)
    }
  })
})

describe('a text in pieces', () => {
  const secret = samples['a GitHub token']

  test('is let through at once where nothing in it can be the beginning of a form', () => {
    const text = redactorOf(secret).collect()
    let pushed = 0
    for (const piece of ['Hello, this is it. ', '{"x": [true, null]}', '\n\n', 'ghp_x7Kq2LmN9!', ' done.']) {
      text.push(piece)
      pushed += piece.length
      expect(text.length).toBe(pushed)
    }
  })

  test('gives the same when it is cut, whatever its pieces were', () => {
    const redactor = redactorOf(secret)
    const random = seeded(11)
    const whole = `before ${secret}, %67\\u0068 ${secret.slice(0, 20)} & ${secret.slice(0, 30)}`
    for (let length = 0; length <= whole.length; length += 1) {
      const [once, often] = [redactor.collect(), redactor.collect()]
      once.push(whole.slice(0, length))
      for (const piece of pieces(whole.slice(0, length), random, 4)) often.push(piece)
      expect(often.length).toBe(once.length)
      expect(often.cut().value).toBe(once.cut().value)
    }
  })

  test.each([
    ['backslashes', `${secret.slice(0, 20)}\\`, '\\'],
    ['nested percent signs', `${secret.slice(0, 20)}%`, '25'],
    ['leading zeros', `${secret.slice(0, 20)}&#`, '0'],
    ['nested ampersands', `${secret.slice(0, 20)}&`, 'amp;'],
    ['indentation within base64', `${Buffer.from(secret).toString('base64').slice(0, 20)}\n`, ' '],
    ['a secret that never gets as far as to show a part', '', secret.slice(0, 15)],
  ])('never holds back more than a form can be long: %s', (_, start, padding) => {
    const text = redactorOf(secret).collect()
    let pushed = start.length
    let held = 0
    text.push(start)
    for (let count = 0; count < 20_000; count += 1) {
      text.push(padding)
      pushed += padding.length
      held = Math.max(held, pushed - text.length)
    }
    expect(held).toBeLessThan(256 * secret.length)
  })

  test('counts only what is safe', () => {
    const text = redactorOf(secret).collect()
    text.push('ab ')
    expect(text.length).toBe(3)
    text.push(secret.slice(0, 39))
    expect(text.length).toBe(3)
    text.push(`${secret.slice(39)}!`)
    expect(text.length).toBe(3 + label.length + 1)
    expect(text.end('text').value).toBe(`ab ${label}!`)
  })
})
