/** People are told through a topic of the region that the function runs in. */
import { PublishCommand, type SNSClient } from '@aws-sdk/client-sns';
import type { NotifyPort, Urgency } from '../../lib/failover/failover-ports';
import type { Items } from './items';
import { failCall } from './limits';

/** SNS allows 100 characters, without line breaks. */
const LONGEST_SUBJECT = 100;
const SEVERITY: Readonly<Record<Urgency, string>> = { page: 'SEV-1', inform: 'INFO' };

export interface NotifyParts {
  readonly environment: string;
  readonly topic: string;
  readonly client: Pick<SNSClient, 'send'>;
  readonly items: Pick<Items, 'all' | 'add'>;
}

const TOLD = 'told';

/**
 * At least once: what was told is remembered after it was handed over, so that a crash in between tells it again rather than never. A table that does not answer keeps
 * nobody from being told.
 */
export const notifyBy = ({ environment, topic, client, items }: NotifyParts): NotifyPort => {
  const told = new Set<string>();
  const isTold = async (id: string): Promise<boolean> => {
    if (told.has(id)) return true;
    try {
      return (await items.all(`${TOLD}#${id}`)).length > 0;
    } catch {
      return false; // not known: better twice than never
    }
  };
  const remember = async (id: string, text: string): Promise<void> => {
    told.add(id);
    await items.add({ id: `${TOLD}#${id}`, part: TOLD, value: { text, at: Date.now() } }).catch(() => undefined); // told again by another process, at worst
  };
  return {
    tell: async (urgency, id, text) => {
      if (await isTold(id)) return;
      const subject = `${SEVERITY[urgency]} ${environment}: ${text}`.replaceAll(/[^\x20-\x7e]/g, ' ').slice(0, LONGEST_SUBJECT);
      await client
        .send(new PublishCommand({ TopicArn: topic, Subject: subject, Message: `${text}\n\nid: ${id}\nwhat to do: docs/failover.md` }))
        .catch((error: unknown) => failCall(`telling people through ${topic}`, error));
      await remember(id, text);
    },
  };
};
