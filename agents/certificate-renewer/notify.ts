/** Tells people: an event in the cluster always, and a topic where there is one. */
import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { GATEWAY_TLS_SECRET, RENEWER, type RenewerConfig } from '../../lib/services/certificates';
import { reasonOf, type Log } from '../follower/log';
import type { Kubernetes } from '../restore/kubernetes';
import type { Notice } from './renew';

const REASONS: Readonly<Record<Notice['kind'], string>> = {
  renewed: 'CertificateRenewed',
  failed: 'CertificateNotRenewed',
  'account-registered-anew': 'AcmeAccountRegisteredAnew',
};

const event = (namespace: string, { kind, text }: Notice, at: Date): object => ({
  apiVersion: 'v1',
  kind: 'Event',
  metadata: { generateName: `${RENEWER}-`, namespace },
  involvedObject: { apiVersion: 'v1', kind: 'Secret', name: GATEWAY_TLS_SECRET, namespace },
  reason: REASONS[kind],
  message: text.slice(0, 1000),
  type: kind === 'renewed' ? 'Normal' : 'Warning',
  source: { component: RENEWER },
  firstTimestamp: at.toISOString(),
  lastTimestamp: at.toISOString(),
  count: 1,
});

/** Never throws: a renewal must not fail because nobody could be told, and says so instead. */
export const notifier =
  ({ environment, namespace, topic }: RenewerConfig, api: Kubernetes, log: Log) =>
  async (notice: Notice): Promise<void> => {
    const told = [api.create(`/api/v1/namespaces/${namespace}/events`, event(namespace, notice, new Date()))];
    if (topic !== null) told.push(publish(topic, `${environment}: ${REASONS[notice.kind]}`, notice.text));
    for (const result of await Promise.allSettled(told)) if (result.status === 'rejected') log('nobody told', reasonOf(result.reason), { notice: notice.text });
  };

const publish = async (topic: string, subject: string, message: string): Promise<boolean> => {
  const [, , , region = ''] = topic.split(':');
  const client = new SNSClient({ region, maxAttempts: 3 });
  try {
    await client.send(new PublishCommand({ TopicArn: topic, Subject: subject.slice(0, 100), Message: message }));
    return true;
  } finally {
    client.destroy();
  }
};
