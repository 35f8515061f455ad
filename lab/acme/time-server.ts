/** Time servers of the lab: they answer with this machine's clock and an offset that a drill may give them. */
import { createSocket, type Socket } from 'node:dgram';

const EPOCH = 2_208_988_800;
/** Leap indicator 0, version 4, mode server. */
const SERVER = 0x24;
const STRATUM = 2;

const write = (message: Buffer, seconds: number, at: number): void => {
  message.writeUInt32BE(Math.floor(seconds) + EPOCH, at);
  message.writeUInt32BE(Math.floor((seconds % 1) * 2 ** 32), at + 4);
};

/** @param offset seconds that this server is ahead of the machine's clock, now */
export const answerTime = (question: Buffer, offset: number): Buffer => {
  const answer = Buffer.alloc(48);
  const now = Date.now() / 1000 + offset;
  answer[0] = SERVER;
  answer[1] = STRATUM;
  answer.write('LAB', 12, 'ascii');
  write(answer, now, 16);
  // What the client called its own time comes back as it was.
  question.copy(answer, 24, 40, 48);
  write(answer, now, 32);
  write(answer, now, 40);
  return answer;
};

export const serveTime = (host: string, port: number, offset: () => number): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const socket = createSocket('udp4');
    socket.once('error', reject);
    socket.on('message', (question, from) => {
      if (question.length >= 48) socket.send(answerTime(question, offset()), from.port, from.address);
    });
    socket.bind(port, host, () => resolve(socket));
  });
