/** The package ships no types. */
declare module 'asl-validator' {
  const validate: (
    definition: unknown,
    options?: { readonly checkPaths?: boolean; readonly checkArn?: boolean },
  ) => { readonly isValid: boolean; readonly errorsText: () => string };
  export default validate;
}
