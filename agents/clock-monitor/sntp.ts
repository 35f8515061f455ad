/** One question to one time server (RFC 4330): how far our clock is off, and how long the answer took. */
import { createSocket } from 'node:dgram';
import { randomBytes } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import type { TimeSample } from '../../lib/operations/clocks';
import { reasonOf } from '../follower/log';

const TIMEOUT_MS = 2000;
const BYTES = 48;
/** Leap indicator 0, version 4, mode client. */
const CLIENT = 0x23;
const MODE_SERVER = 4;
/** NTP counts from 1900. */
const EPOCH = 2_208_988_800;

const timestampAt = (message: Buffer, at: number): number => message.readUInt32BE(at) - EPOCH + message.readUInt32BE(at + 4) / 2 ** 32;

export interface WallClock {
  /** Seconds since the epoch. */
  readonly now: () => number;
  /** Seconds of a clock that nobody sets. */
  readonly steady: () => number;
}

const SYSTEM: WallClock = { now: () => Date.now() / 1000, steady: () => performance.now() / 1000 };

/** @throws Error with what is wrong with the answer */
const checked = (answer: Buffer, cookie: Buffer): void => {
  if (answer.length < BYTES) throw new Error(`an answer of ${answer.length} bytes`);
  if ((answer[0] ?? 0) % 8 !== MODE_SERVER) throw new Error('the answer is no server’s');
  // What we sent is to come back: otherwise it is an answer to nobody's question.
  if (!answer.subarray(24, 32).equals(cookie)) throw new Error('the answer is to another question');
  const [stratum = 0] = answer.subarray(1, 2);
  if (stratum === 0 || stratum > 15 || (answer[0] ?? 0) >> 6 === 3) throw new Error('the server says that its own clock is not set');
};

export const askForTime = async (source: string, port = 123, clock: WallClock = SYSTEM): Promise<TimeSample> => {
  try {
    const { address, family } = await lookup(source);
    return await exchange(source, { address, port, family }, clock);
  } catch (error) {
    return { source, error: reasonOf(error) };
  }
};

const exchange = (source: string, to: { address: string; port: number; family: number }, clock: WallClock): Promise<TimeSample> =>
  new Promise((resolve, reject) => {
    const socket = createSocket(to.family === 6 ? 'udp6' : 'udp4');
    const cookie = randomBytes(8);
    const question = Buffer.alloc(BYTES);
    question[0] = CLIENT;
    cookie.copy(question, 40);
    const end = (settle: () => void): void => {
      clearTimeout(timer);
      socket.close();
      settle();
    };
    const timer = setTimeout(() => end(() => reject(new Error(`no answer within ${TIMEOUT_MS / 1000} s`))), TIMEOUT_MS);
    const [sentAt, sent] = [clock.now(), clock.steady()];
    socket.on('error', (error) => end(() => reject(error)));
    socket.on('message', (answer) => {
      // Our own clock may be set while we wait: the time in between is the steady clock's.
      const receivedAt = sentAt + (clock.steady() - sent);
      end(() => {
        try {
          checked(answer, cookie);
          const [heard, said] = [timestampAt(answer, 32), timestampAt(answer, 40)];
          resolve({ source, offsetSeconds: (heard - sentAt + (said - receivedAt)) / 2, delaySeconds: Math.max(0, receivedAt - sentAt - (said - heard)) });
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)));
        }
      });
    });
    socket.send(question, to.port, to.address, (error) => {
      if (error !== null) end(() => reject(error));
    });
  });
