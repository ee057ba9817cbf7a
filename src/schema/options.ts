/** How every validator of argument schemas is set up, whatever its patterns are compiled with. */
export const validatorOptions = {
  strict: true, // an unknown keyword, type or format is an error, not a check that is left out
  allowUnionTypes: true, // `type: [string, integer]` is plain JSON Schema
  meta: false, // compiling checks every keyword's own shape; compiling the meta-schema too takes 150 ms
  validateSchema: false,
  allErrors: false,
  ownProperties: true,
  logger: false,
} as const
