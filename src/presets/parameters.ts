/**
 * Every parameter that a preset has, with the words for its option. They are written here so that the command line knows
 * its options without reading the presets.
 */
export const presetParameters = {
  channel: 'slack: the id of the channel',
  database: 'notion: the id of the database',
  email: 'jira: the e-mail address of the account',
  host: 'gitlab, sentry: the server',
  model: 'anthropic, openai: the model that answers',
  organization: 'sentry: the short name of the organization',
  project: 'gitlab: the number, sentry: the short name, jira: the key of the project',
  repo: 'github: the repository, as OWNER/NAME',
  site: 'jira: the name before .atlassian.net',
  team: 'linear: the key of the team',
} as const satisfies Readonly<Record<string, string>>
