import { createServer } from 'node:net';

/** Below the ports that the kernel gives out by itself (32768 and up): nobody takes it between this look and the moment it is listened on. */
const FIRST = 15_000;
const COUNT = 15_000;
/** Test files run in processes of their own, so that each begins elsewhere. */
let next = (process.pid * 97) % COUNT;

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });

export const freePort = async (): Promise<number> => {
  for (let tries = 0; tries < COUNT; tries += 1) {
    next = (next + 1) % COUNT;
    if (await isFree(FIRST + next)) return FIRST + next;
  }
  throw new Error('no port is free');
};
