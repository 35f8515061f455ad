/** What became of a run: everything that was seen, brought together and judged. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { historyOf, type HistoryEvent } from '../../lib/drill/events';
import { parseHistory } from '../../lib/drill/history';
import { judge } from '../../lib/drill/judge';
import { until } from '../exec';
import { checkIntegrity, finalRows } from './data';
import { completeLines } from './meters';
import type { RunResult, Stage } from './run';

/** The member that has, or had, an address. */
export const memberOf = (stage: Stage, address: string): string => stage.observer.memberByAddress.get(address) ?? address;

/** Everything that was seen, by one clock, with members instead of addresses. */
export const judgeRun = async (stage: Stage): Promise<RunResult> => {
  const { lab, run, observer, meters, marks, dead, expectation } = stage;
  const lines = (await Promise.all(meters.files.map(completeLines))).flat();
  const seen = lines.map((line) => withMember(stage, line));
  const leader = await until('leader', 10, () => Promise.resolve(observer.leader() ?? undefined)).catch(() => undefined);
  const after = leader === undefined ? [] : [...(await finalRows(lab, leader, expectation.clients)), ...(await checkIntegrity(lab, expectation.members))];
  const meterEvents = parseHistory(seen.filter((line) => KNOWN.test(line))).events;
  const routed = routeMarks(seen, marks);
  const history = historyOf([...meterEvents, ...observer.events, ...marks, ...routed, ...after]);
  await writeFile(join(run.directory, 'history.jsonl'), history.events.map((e) => `${JSON.stringify(e)}\n`).join(''));
  const notes = dead.length === 0 ? [] : [`meters that ended early: ${dead.join(', ')}`];
  return { judgement: judge(history, expectation), expectation, history, notes };
};

const KNOWN = /"kind":"(write|read|local-commit)"/;

/** Writers report the address of the server that acknowledged. */
const withMember = (stage: Stage, line: string): string => line.replace(/"address":"([^"]+)"/, (_, address: string) => `"node":"${memberOf(stage, address)}"`);

/** The first pooler that was pointed elsewhere after the fault. */
const routeMarks = (lines: readonly string[], marks: readonly HistoryEvent[]): readonly HistoryEvent[] => {
  const fault = marks.find((m) => m.kind === 'mark' && m.name === 'faultAt')?.t ?? Infinity;
  return lines
    .filter((line) => line.includes('"kind":"route"'))
    .map((line) => JSON.parse(line) as { t: number; zone: string; first: boolean })
    .filter((route) => !route.first && route.t > fault)
    .map((route): HistoryEvent => ({ t: route.t, kind: 'mark', name: 'routed', detail: route.zone }));
};
