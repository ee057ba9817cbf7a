import {
  CLIENT_CAPABILITIES_META_KEY,
  type ClientCapabilities,
  type InputRequest,
  type InputRequiredResult,
  inputRequired,
  inputResponse,
  type ServerContext,
} from '@modelcontextprotocol/server'
import { text, type ToolFixture } from './tools.ts'

type Questions = Readonly<Record<string, InputRequest>>
type FormSchema = Parameters<typeof inputRequired.elicit>[0]['requestedSchema']

/** Seals a state that goes to the client and comes back with its answers. */
export type Seal = (state: string) => Promise<string>

const name = { type: 'string' } as const
const askName = form('What is your name?', { name })

/** The tools that answer only once the client has answered them. */
export function askingTools(seal: Seal): Readonly<Record<string, ToolFixture>> {
  return {
    test_input_required_result_elicitation: asking({ user_name: askName }),
    test_input_required_result_sampling: asking({ capital_question: sample('What is the capital of France?') }),
    test_input_required_result_list_roots: asking({ client_roots: inputRequired.listRoots() }),
    test_input_required_result_request_state: asking({ confirm: confirmation() }, seal),
    test_input_required_result_tampered_state: asking({ confirm: confirmation() }, seal),
    test_input_required_result_multiple_inputs: asking(
      { user_name: askName, greeting: sample('Generate a greeting'), client_roots: inputRequired.listRoots() },
      seal,
    ),
    test_input_required_result_multi_round: {
      description: 'Asks twice, one question after the other',
      async run(_args, { mcpReq }) {
        const step1 = { step1: form('Step 1: What is your name?', { name }) }
        const step2 = { step2: form('Step 2: What is your favorite color?', { color: { type: 'string' } }) }
        const state = mcpReq.requestState<string>()
        if (state === 'two' && isAnswered(step2, mcpReq)) return { content: [text('Both steps are answered.')] }
        return state !== undefined && isAnswered(step1, mcpReq)
          ? inputRequired({ inputRequests: step2, requestState: await seal('two') })
          : inputRequired({ inputRequests: step1, requestState: await seal('one') })
      },
    },
    test_input_required_result_capabilities: {
      description: 'Asks for nothing that the client has not declared',
      run(_args, { mcpReq }) {
        const envelope = mcpReq.envelope as Readonly<Record<string, ClientCapabilities>> | undefined
        const declared = envelope?.[CLIENT_CAPABILITIES_META_KEY]
        const questions = {
          ...(declared?.elicitation === undefined ? {} : { user_name: askName }),
          ...(declared?.sampling === undefined ? {} : { greeting: sample('Generate a greeting') }),
        }
        return Object.keys(questions).length === 0
          ? { content: [text('There is nothing to ask.')] }
          : inputRequired({ inputRequests: questions })
      },
    },
    test_missing_capability: asking({ greeting: sample('Generate a greeting') }),
    test_streaming_elicitation: asking({ user_name: askName }),
    ...pushTools,
  }
}

/** What a client has to answer before the prompt of the suite is given. */
export const promptQuestions: Questions = {
  user_context: form('What context should the prompt use?', { context: { type: 'string' } }),
}

/**
 * The tools that in 2025 have the server send a request of its own. The handlers are the same as for
 * 2026, so that these scenarios would pass as soon as there were a way for such a request to be answered.
 */
const pushTools: Readonly<Record<string, ToolFixture>> = {
  test_sampling: {
    description: 'Asks the model of the client',
    inputSchema: { type: 'object', properties: { prompt: { type: 'string' } }, required: ['prompt'] },
    run: (args, { mcpReq }) => ask({ response: sample(String(args['prompt'])) }, mcpReq),
  },
  test_elicitation: {
    description: 'Asks the user of the client',
    inputSchema: { type: 'object', properties: { message: { type: 'string' } }, required: ['message'] },
    run: (args, { mcpReq }) =>
      ask({ response: form(String(args['message']), { username: name, email: { type: 'string' } }) }, mcpReq),
  },
  test_elicitation_sep1034_defaults: asking({
    response: form('Please confirm', {
      name: { type: 'string', default: 'John Doe' },
      age: { type: 'integer', default: 30 },
      score: { type: 'number', default: 95.5 },
      status: { type: 'string', enum: ['active', 'inactive', 'pending'], default: 'active' },
      verified: { type: 'boolean', default: true },
    }),
  }),
  test_elicitation_sep1330_enums: asking({
    response: form('Please choose', {
      untitledSingle: { type: 'string', enum: ['option1', 'option2', 'option3'] },
      titledSingle: { type: 'string', oneOf: [{ const: 'value1', title: 'First Option' }] },
      legacyEnum: { type: 'string', enum: ['opt1', 'opt2'], enumNames: ['Option One', 'Option Two'] },
      untitledMulti: { type: 'array', items: { type: 'string', enum: ['option1', 'option2', 'option3'] } },
      titledMulti: { type: 'array', items: { anyOf: [{ const: 'value1', title: 'First Choice' }] } },
    }),
  }),
}

/** Whether a request carries an answer to each of the questions. */
export function isAnswered(questions: Questions, { inputResponses }: ServerContext['mcpReq']): boolean {
  return Object.keys(questions).every(key => inputResponse(inputResponses, key).kind !== 'missing')
}

function asking(questions: Questions, seal: Seal | null = null): ToolFixture {
  return {
    description: `Asks for ${Object.keys(questions).join(', ')}`,
    async run(_args, { mcpReq }) {
      if (seal === null) return ask(questions, mcpReq)
      // The state was verified before this runs; one that is missing is as good as none.
      return mcpReq.requestState<string>() === 'asked'
        ? ask(questions, mcpReq)
        : inputRequired({ inputRequests: { ...questions }, requestState: await seal('asked') })
    },
  }
}

function ask(questions: Questions, mcpReq: ServerContext['mcpReq']) {
  return isAnswered(questions, mcpReq)
    ? { content: [text(`Answered: ${JSON.stringify(mcpReq.inputResponses)} (state-ok)`)] }
    : (inputRequired({ inputRequests: { ...questions } }) satisfies InputRequiredResult)
}

function form(message: string, properties: Record<string, object>): InputRequest {
  const requestedSchema = { type: 'object', properties, required: Object.keys(properties) } as FormSchema
  return inputRequired.elicit({ message, requestedSchema })
}

function confirmation(): InputRequest {
  return form('Please confirm', { ok: { type: 'boolean' } })
}

function sample(prompt: string): InputRequest {
  return inputRequired.createMessage({ messages: [{ role: 'user', content: text(prompt) }], maxTokens: 100 })
}
