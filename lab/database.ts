/** The lab's PostgreSQL as its superuser, over each member's Unix socket: works whatever is cut, and needs no network. */
import { Client } from 'pg';
import { environmentOf, findProgram } from './hosts/processes-in-pods';
import { readCredentials } from './secrets';
import type { LabSettings, NodeSettings } from './settings';

export interface LocatedMember {
  readonly member: string;
  readonly node: NodeSettings;
  readonly pid: number;
}

/** Which member runs on which node now. */
export const locateMembers = async (lab: LabSettings): Promise<readonly LocatedMember[]> => {
  const found = await Promise.all(
    lab.nodes.map(async (node): Promise<LocatedMember[]> => {
      const pid = await findProgram(node.cgroup, 'postgres');
      const member = pid === undefined ? undefined : environmentOf(pid, 'HOSTNAME');
      return pid === undefined || member === undefined ? [] : [{ member, node, pid }];
    }),
  );
  return found.flat();
};

export const socketDirectory = (pid: number): string => `/proc/${pid}/root/run/postgresql`;

/** Runs `work` as the superuser on one member. @throws Error when it does not run or does not answer within 5 s */
export const asSuperuser = async <T>(lab: LabSettings, member: string, work: (client: Client) => Promise<T>): Promise<T> => {
  const located = (await locateMembers(lab)).find((m) => m.member === member);
  if (located === undefined) throw new Error(`PostgreSQL of ${member} does not run on any node`);
  const client = new Client({
    host: socketDirectory(located.pid),
    port: 5432,
    database: lab.region.postgres.database,
    user: 'postgres',
    password: (await readCredentials(lab)).superuser,
    connectionTimeoutMillis: 5000,
    query_timeout: 60_000,
  });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
};
