/** One probe of one health checker, by Route 53's rules: 4 s to connect, 2 s more to answer with 2xx or 3xx; certificates are not looked at. */
import { request as plainRequest } from 'node:http';
import { request as tlsRequest } from 'node:https';
import { connect } from 'node:net';
import type { HealthCheck } from '../../lib/failover/routing';

const CONNECT_MS = 4_000;
const ANSWER_MS = 2_000;
/** A string is looked for in so many bytes of the body. */
const SEARCHED_BYTES = 5_120;

export type ProbedCheck = Extract<HealthCheck, { kind: 'probe' }>;

export interface ProbeOutcome {
  readonly passes: boolean;
  readonly because: string;
}

/** @param address of the check's host, as DNS has it. Never rejects: a probe that fails is an outcome */
export const probe = (check: ProbedCheck, address: string): Promise<ProbeOutcome> =>
  check.type === 'TCP' ? probeTcp(check, address) : probeHttp(check, address);

const probeTcp = ({ probe: { port } }: ProbedCheck, address: string): Promise<ProbeOutcome> =>
  new Promise((resolve) => {
    const socket = connect({ host: address, port, timeout: CONNECT_MS });
    const done = (passes: boolean, because: string): void => {
      socket.destroy();
      resolve({ passes, because });
    };
    socket.on('connect', () => done(true, 'connected'));
    socket.on('timeout', () => done(false, `no connection within ${CONNECT_MS / 1000} s`));
    socket.on('error', (error) => done(false, error.message));
  });

const probeHttp = ({ type, probe: asked }: ProbedCheck, address: string): Promise<ProbeOutcome> =>
  new Promise((resolve) => {
    const secure = type.startsWith('HTTPS');
    const name = secure && asked.sni ? { servername: asked.host } : {};
    const options = {
      host: address,
      port: asked.port,
      path: asked.path,
      headers: { host: asked.host },
      agent: false as const,
      rejectUnauthorized: false,
      ...name,
    };
    const outgoing = (secure ? tlsRequest : plainRequest)(options, (answer) => {
      let body = '';
      answer.setEncoding('latin1');
      answer.on('data', (chunk: string) => (body = `${body}${chunk}`.slice(0, SEARCHED_BYTES)));
      answer.on('end', () => done(judge(answer.statusCode ?? 0, body, asked.searchString)));
      answer.on('error', (error) => done({ passes: false, because: error.message }));
    });
    let timer = setTimeout(() => outgoing.destroy(new Error(`no connection within ${CONNECT_MS / 1000} s`)), CONNECT_MS);
    const done = (outcome: ProbeOutcome): void => {
      clearTimeout(timer);
      resolve(outcome);
    };
    outgoing.on('socket', (socket) =>
      socket.once(secure ? 'secureConnect' : 'connect', () => {
        clearTimeout(timer);
        timer = setTimeout(() => outgoing.destroy(new Error(`no answer within ${ANSWER_MS / 1000} s`)), ANSWER_MS);
      }),
    );
    outgoing.on('error', (error) => done({ passes: false, because: error.message }));
    outgoing.end();
  });

const judge = (status: number, body: string, search: string | undefined): ProbeOutcome => {
  if (status < 200 || status >= 400) return { passes: false, because: `status ${status}` };
  if (search !== undefined && !body.includes(search)) return { passes: false, because: `"${search}" is not in the answer` };
  return { passes: true, because: `status ${status}` };
};
