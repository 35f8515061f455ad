/** What was decided and done: an item that is written once and never changed, and the same as a line in the function's log. */
import { randomUUID } from 'node:crypto';
import type { AuditEntry, AuditPort } from '../../lib/failover/failover-ports';
import type { Items } from './items';

export const auditId = (attempt: string): string => `audit#${attempt}`;

export const auditBy = (items: Pick<Items, 'add'>, log: (line: string) => void = (line) => void process.stdout.write(line)): AuditPort => ({
  record: async (entry: AuditEntry) => {
    // The line first: it is there even if the table does not answer.
    log(`${JSON.stringify({ audit: entry })}\n`);
    await items.add({ id: auditId(entry.execution), part: `${new Date(entry.at).toISOString()}#${entry.step}#${randomUUID()}`, value: entry });
  },
});
