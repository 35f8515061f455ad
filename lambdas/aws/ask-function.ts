/** Asks a function of another region, and waits for its answer. */
import { InvokeCommand, type LambdaClient } from '@aws-sdk/client-lambda';
import { NoAnswer } from '../../lib/failover/errors';

export const askFunction = async (client: Pick<LambdaClient, 'send'>, name: string, question: object): Promise<unknown> => {
  const { Payload: payload, FunctionError: failure } = await client.send(new InvokeCommand({ FunctionName: name, Payload: JSON.stringify(question) }));
  const text = payload === undefined ? '' : Buffer.from(payload).toString('utf8');
  if (failure !== undefined) throw new NoAnswer(`${name} failed: ${text.slice(0, 300)}`);
  return JSON.parse(text) as unknown;
};
