import type { GetPromptResult, InputRequiredResult, Prompt, ServerContext } from '@modelcontextprotocol/server'
import { inputRequired } from '@modelcontextprotocol/server'
import { isAnswered, promptQuestions } from './asking.ts'
import { image, resource, text } from './tools.ts'

type Content = GetPromptResult['messages'][number]['content']

/** One prompt as a scenario of the suite asks for it, by its fixed name. */
export interface PromptFixture {
  readonly description: string
  readonly arguments?: NonNullable<Prompt['arguments']>
  get(args: Record<string, string>, context: ServerContext): GetPromptResult | InputRequiredResult
}

/** The prompts of the suite. */
export const prompts: Readonly<Record<string, PromptFixture>> = {
  test_simple_prompt: {
    description: 'A text',
    get: () => saying(text('This is a simple prompt for testing.')),
  },
  test_prompt_with_arguments: {
    description: 'A text with two arguments in it',
    arguments: [
      { name: 'arg1', description: 'First test argument', required: true },
      { name: 'arg2', description: 'Second test argument', required: true },
    ],
    get: ({ arg1, arg2 }) => saying(text(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`)),
  },
  test_prompt_with_embedded_resource: {
    description: 'A resource and a text',
    arguments: [{ name: 'resourceUri', description: 'URI of the resource to embed', required: true }],
    get: ({ resourceUri }) =>
      saying(
        resource(String(resourceUri), 'text/plain', 'Embedded resource content for testing.'),
        text('Please process the embedded resource above.'),
      ),
  },
  test_prompt_with_image: {
    description: 'An image and a text',
    get: () => saying(image(), text('Please analyze the image above.')),
  },
  test_input_required_result_prompt: {
    description: 'A text that needs an answer of the client first',
    get: (_args, { mcpReq }) =>
      isAnswered(promptQuestions, mcpReq)
        ? saying(text(`Context: ${JSON.stringify(mcpReq.inputResponses)}`))
        : inputRequired({ inputRequests: { ...promptQuestions } }),
  },
}

function saying(...contents: Content[]): GetPromptResult {
  return { messages: contents.map(content => ({ role: 'user', content })) }
}
