/** A request that somebody who holds the tool would like to make, and that no wider scope may permit. */
export interface Attempt {
  readonly request: readonly [method: string, path: string]
  readonly query?: Readonly<Record<string, string>>
  readonly body?: Readonly<Record<string, unknown>>
}

const to = (method: string, path: string): Attempt => ({ request: [method, path] })
const asking = (path: string, ...names: readonly string[]): readonly Attempt[] =>
  names.map(name => ({ request: ['GET', path], query: { [name]: 'x' } }))
const saying = (path: string, ...names: readonly string[]): readonly Attempt[] =>
  names.map(name => ({ request: ['POST', path], body: { [name]: 'x' } }))

/** What each preset's `never` has to refuse, with the preset's example parameters. */
export const attempts: Readonly<Record<string, readonly Attempt[]>> = {
  github: [
    to('GET', '/repositories/1300192/issues'),
    to('PATCH', '/repositories/1300192'),
    to('GET', '/repositories'),
    to('GET', '/search/code'),
    to('GET', '/search/issues'),
    to('POST', '/graphql'),
    to('PUT', '/repos/acme/shop/actions/secrets/TOKEN'),
    to('POST', '/repos/acme/shop/hooks'),
    to('POST', '/repos/acme/shop/keys'),
    to('PUT', '/repos/acme/shop/collaborators/mallory'),
    to('DELETE', '/repos/acme/shop'),
    to('POST', '/repos/acme/shop/transfer'),
    to('GET', '/user/emails'),
  ],
  gitlab: [
    ...asking(
      '/projects/278964/issues',
      'private_token',
      'PRIVATE-TOKEN',
      'job_token',
      'access_token',
      'sudo',
      'sudo[]',
    ),
    ...saying('/projects/278964/issues', 'private_token', 'job_token', 'access_token', 'sudo', 'Sudo'),
    to('GET', '/projects'),
    to('GET', '/search'),
    to('GET', '/groups/1/projects'),
    to('GET', '/projects/278964/variables/KEY'),
    to('POST', '/projects/278964/hooks'),
    to('POST', '/projects/278964/access_tokens'),
    to('DELETE', '/projects/278964'),
  ],
  slack: [
    ...asking('/conversations.history', 'token', 'Token', 'token[]', '%74oken'),
    ...saying('/chat.postMessage', 'token', 'TOKEN'),
    to('GET', '/chat.postMessage'),
    to('POST', '/chat.delete'),
    to('GET', '/search.messages'),
    to('GET', '/auth.revoke'),
    to('GET', '/users.lookupByEmail'),
  ],
  stripe: [
    ...asking('/charges', 'expand[]', 'expand', 'expand[0]', 'Expand[]', 'include[]'),
    ...saying(
      '/refunds',
      'expand',
      'expand[]',
      'on_behalf_of',
      'transfer_data',
      'transfer_data[destination]',
      'stripe_account',
    ),
    to('GET', '/accounts'),
    to('POST', '/accounts/acct_1/persons'),
    to('POST', '/transfers'),
    to('POST', '/payouts'),
    to('POST', '/ephemeral_keys'),
    to('DELETE', '/customers/cus_1'),
  ],
  openai: [
    to('GET', '/files'),
    to('GET', '/files/file-1/content'),
    to('POST', '/fine_tuning/jobs'),
    to('GET', '/organization/users'),
    to('POST', '/organization/admin_api_keys'),
    to('POST', '/batches'),
    to('GET', '/responses/resp_1'),
    to('DELETE', '/models/ft:gpt'),
    ...saying('/responses', 'tools', 'previous_response_id', 'conversation'),
  ],
  anthropic: [
    to('POST', '/messages/batches'),
    to('GET', '/files'),
    to('GET', '/files/file_1/content'),
    to('GET', '/organizations/api_keys'),
    ...saying('/messages', 'tools', 'mcp_servers', 'container'),
  ],
  linear: [to('GET', '/graphql'), to('POST', '/oauth/token')],
  notion: [
    to('POST', '/search'),
    to('GET', '/users'),
    to('GET', '/users/me'),
    to('DELETE', '/blocks/0123456789abcdef0123456789abcdef'),
    to('PATCH', '/databases/0123456789abcdef0123456789abcdef'),
    ...saying('/pages', 'archived', 'in_trash'),
  ],
  sentry: [
    to('GET', '/projects/acme/shop/keys'),
    to('GET', '/organizations/acme/issues'),
    to('GET', '/organizations/acme/members'),
    to('GET', '/issues/1/events'),
    to('POST', '/sentry-apps/x/external-issues'),
    to('DELETE', '/projects/acme/shop'),
    ...asking('/projects/acme/shop/events', 'full', 'expand'),
    ...saying('/projects/acme/shop/issues', 'merge', 'discard', 'isPublic'),
  ],
  jira: [
    to('GET', '/search'),
    to('POST', '/search'),
    to('POST', '/search/jql'),
    to('POST', '/issue/bulk'),
    to('GET', '/user/search'),
    to('PUT', '/issue/SHOP-1'),
    to('DELETE', '/issue/SHOP-1'),
    ...asking('/issue/SHOP-1', 'expand', 'properties'),
    ...saying('/issue', 'update', 'properties'),
  ],
}
