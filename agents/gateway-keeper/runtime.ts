/** HAProxy's administration socket: one connection per command, as its documentation has it. */
import { createConnection } from 'node:net';

export type Send = (command: string) => Promise<string>;

const TIMEOUT_MS = 5000;

/** @throws Error (rejects) when nobody listens, or the answer takes too long */
export const sendTo =
  (socket: string): Send =>
  (command) =>
    new Promise((resolve, reject) => {
      const connection = createConnection(socket);
      let answer = '';
      connection.setEncoding('utf8').setTimeout(TIMEOUT_MS, () => connection.destroy(new Error('HAProxy does not answer its administration socket')));
      connection.on('data', (text: string) => (answer += text));
      connection.once('error', reject);
      connection.once('close', () => resolve(answer.trim()));
      connection.end(`${command}\n`);
    });

/** Which HAProxy this is: a new one has nothing of what its predecessor was told. @throws Error when the answer names none */
export const processOf = async (send: Send): Promise<string> => {
  const info = await send('show info');
  const pid = /^Pid: (\d+)$/m.exec(info)?.[1];
  const start = /^Start_time_sec: (\d+)$/m.exec(info)?.[1];
  if (pid === undefined) throw new Error(`HAProxy does not say which process it is: ${info.slice(0, 200)}`);
  return `${pid}@${start ?? ''}`;
};

/** A command that is to be silent. @throws Error with what HAProxy said */
const silently = async (send: Send, command: string): Promise<void> => {
  const said = await send(command);
  if (said !== '') throw new Error(`${command.split('\n')[0]?.slice(0, 80)}: ${said.slice(0, 300)}`);
};

/** Connections that exist keep the certificate they were made with. @throws Error when HAProxy refuses it; then it serves the former */
export const setCertificate = async (send: Send, file: string, pem: string): Promise<void> => {
  const prepared = await send(`set ssl cert ${file} <<\n${pem}`);
  if (!/^Transaction (created|updated)/m.test(prepared)) throw new Error(`the certificate was refused: ${prepared.slice(0, 300)}`);
  const committed = await send(`commit ssl cert ${file}`);
  if (!/^Success/m.test(committed)) {
    await send(`abort ssl cert ${file}`);
    throw new Error(`the certificate was refused: ${committed.slice(0, 300)}`);
  }
};

/** HAProxy takes lines of 16 KiB. */
const ENTRIES_PER_COMMAND = 100;

/** The whole list at once: no request meets half of it. @throws Error when HAProxy refuses an entry; then it has the former list */
export const setBlocklist = async (send: Send, name: string, entries: readonly string[]): Promise<void> => {
  const prepared = await send(`prepare acl ${name}`);
  const version = /New version created: (\d+)/.exec(prepared)?.[1];
  if (version === undefined) throw new Error(`the list was refused: ${prepared.slice(0, 300)}`);
  for (let i = 0; i < entries.length; i += ENTRIES_PER_COMMAND) {
    const batch = entries.slice(i, i + ENTRIES_PER_COMMAND).map((entry) => `add acl @${version} ${name} ${entry}`);
    await silently(send, batch.join(';'));
  }
  await silently(send, `commit acl @${version} ${name}`);
};

/** @param limit null: what the configuration says */
export const setLimit = async (send: Send, map: string, key: string, limit: number | null): Promise<void> => {
  await silently(send, `clear map ${map}`);
  if (limit !== null) await silently(send, `add map ${map} ${key} ${limit}`);
};
