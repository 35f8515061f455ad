import { SNSClient } from '@aws-sdk/client-sns';
import type { NotifyPort } from '../../lib/failover/failover-ports';
import type { FailoverSettings } from '../../lib/failover/settings';
import type { Items } from '../aws/items';
import { limits } from '../aws/limits';
import { notifyBy } from '../aws/notify';
import { required } from './settings';

const TIMEOUT = 3000;

/** Through the topic of the function's own region. */
export const noticeOf = ({ environment }: FailoverSettings, self: string, items: Items): NotifyPort =>
  notifyBy({ environment, topic: required('HOLDFAST_TOPIC'), client: new SNSClient({ region: self, ...limits(TIMEOUT) }), items });
