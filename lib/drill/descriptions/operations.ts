/** What the drills of operations do. */
import type { OperationScenario } from '../../topology/scenarios';
import type { ProcedureDescriptions } from './procedure';

export const OPERATION_DRILLS: ProcedureDescriptions<OperationScenario> = {
  'connections-exhausted': () => ({
    title: 'sessions that idle in a transaction hold every connection of every pool',
    scenario:
      'Everybody else waits, and gets an error after a while. One command shows who holds the connections, another ends exactly those, and service is back.',
    requirements: ['P3-3', 'P3-5', 'PO-2'],
    planned: false,
    procedure: [
      'a transaction is opened on every connection of every pooler, and left open',
      '`holdfast connections list` must raise the alarm',
      '`holdfast connections end-long` must end those sessions and no other',
    ],
    healthyDeadlineSeconds: 60,
    longestFaultSeconds: 60,
  }),
  'maintenance-under-load': () => ({
    title: 'every maintenance task runs while clients write',
    scenario:
      'Old rows are deleted or moved in small transactions that pass over what somebody else works on; vacuum runs beside. The task that moves rows is killed at work: no row is lost between the tables, and its Job goes on where it stopped.',
    requirements: ['PO-3'],
    planned: true,
    procedure: [
      'tables with rows that are due and rows that are not; the application renews some that are due, and adds new ones',
      'each task runs as its CronJob would; the one that moves rows is killed in the middle',
      'no request may fail, and every row must be exactly where it has to be: archived once with its content, deleted, or untouched',
    ],
    healthyDeadlineSeconds: 60,
    longestFaultSeconds: 120,
  }),
  'region-cold-start': () => ({
    title: 'every machine of the region and its control plane lose power at once',
    scenario:
      'One command brings the region back: machines, cluster DNS, etcd, the database and its standbys, the poolers, each verified before the next is started. Who leads is one of those who had every acknowledged row.',
    requirements: ['PW-10', 'P3-4'],
    planned: false,
    procedure: [
      'three clients write and one reads, through the poolers',
      'every machine and the control plane are killed in the same moment',
      '`holdfast recover` is run, and given once more when it has ended',
      'every acknowledged row must be there, nobody may have led who was not permitted to, and nothing may have been started before what it needs',
    ],
    healthyDeadlineSeconds: 60,
    longestFaultSeconds: 300,
  }),
};
