/** Thrown by a function that cannot work with its arguments. The message holds none of them. */
export class FunctionError extends Error {}

/** The CEL library's word for an error of ours, whose message may be shown as it is. */
export const FUNCTION_FAILED = 'function_failed';
