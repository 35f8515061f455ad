/** A call of the SDK that hangs is given up, and tried once more. Milliseconds. */
export const LIMITS = { maxAttempts: 2, requestHandler: { connectionTimeout: 3000, requestTimeout: 5000, throwOnRequestTimeout: true } } as const;
