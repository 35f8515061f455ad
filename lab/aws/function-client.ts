/** Asks a region's function host to run a function. */
import { request } from 'node:http';
import type { Invocation, InvocationResult } from './functions';

/** Longer than any function may take; the host itself ends those that do. */
const MARGIN_SECONDS = 5;

/** @throws Error when the region's host does not answer: it is gone with its region */
export const invokeOn = (socketPath: string, invocation: Invocation): Promise<InvocationResult> =>
  new Promise((resolve, reject) => {
    const outgoing = request({ socketPath, method: 'POST', path: '/', timeout: (invocation.definition.timeoutSeconds + MARGIN_SECONDS) * 1000 }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('error', reject);
      answer.on('end', () => resolve(JSON.parse(Buffer.concat(chunks).toString('utf8')) as InvocationResult));
    });
    outgoing.on('timeout', () => outgoing.destroy(new Error(`the function host of ${invocation.definition.region} does not answer`)));
    outgoing.on('error', reject);
    outgoing.end(JSON.stringify(invocation));
  });
