/** Plays a person with a browser: cookies, redirects, forms. */
export interface Browser {
  /** Opens an address and follows where it leads, as far as `stopAt`. */
  open(url: string): Promise<Page>
  /** Fills in the one form of a page and sends it. */
  send(page: Page, fields: Readonly<Record<string, string>>): Promise<Page>
}

export interface Page {
  readonly url: URL
  readonly status: number
  readonly text: string
}

/** Starts a browser without any cookies. */
export function startBrowser(): Browser {
  const cookies = new Map<string, string>()

  async function follow(url: URL, init: RequestInit): Promise<Page> {
    let next = url
    let how = init
    for (let count = 0; count < 20; count += 1) {
      const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
      const response = await fetch(next, { ...how, redirect: 'manual', headers: { ...how.headers, cookie } })
      for (const line of response.headers.getSetCookie()) {
        const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
        if (value === '') cookies.delete(name)
        else cookies.set(name, value)
      }
      const location = response.headers.get('location')
      if (location === null) return { url: next, status: response.status, text: await response.text() }
      next = new URL(location, next)
      how = { method: 'GET' }
    }
    throw new Error('too many redirects')
  }

  return {
    open: url => follow(new URL(url), { method: 'GET' }),
    send(page, fields) {
      const action = /<form[^>]*\baction="([^"]+)"/.exec(page.text)?.[1]
      if (action === undefined)
        throw new Error(`no form at ${page.url.href}: ${page.status} ${page.text.slice(0, 500)}`)
      const form = new URLSearchParams()
      for (const [input] of page.text.matchAll(/<input\b[^>]*>/g)) {
        const name = /\bname="([^"]+)"/.exec(input)?.[1]
        const value = /\bvalue="([^"]*)"/.exec(input)?.[1]
        if (name !== undefined && value !== undefined) form.set(name, value)
      }
      for (const [name, value] of Object.entries(fields)) form.set(name, value)
      const headers = { 'content-type': 'application/x-www-form-urlencoded' }
      return follow(new URL(action.replaceAll('&amp;', '&'), page.url), {
        method: 'POST',
        body: form.toString(),
        headers,
      })
    },
  }
}

/** Logs in and agrees to everything, from the page of a login on. */
export async function agree(browser: Browser, login: Page): Promise<Page> {
  const consent = await browser.send(login, { login: 'alice', password: 'anything' })
  return browser.send(consent, {})
}
