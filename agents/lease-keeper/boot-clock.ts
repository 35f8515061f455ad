/** CLOCK_BOOTTIME: nobody can set it, and it goes on while the machine sleeps. Node.js has no call for it; /proc/uptime is the same clock. */
import { readFileSync } from 'node:fs';

/** Seconds since the machine's start, rounded down to hundredths: what is counted from it ends too early rather than too late. */
export const bootSeconds = (file = '/proc/uptime'): number => {
  const [seconds = ''] = readFileSync(file, 'utf8').split(' ');
  const value = Number(seconds);
  if (seconds === '' || !Number.isFinite(value)) throw new Error(`${file} does not say how long this machine has been running: ${JSON.stringify(seconds)}`);
  return value;
};

/** Differs from one start of the machine to the next. */
export const bootId = (file = '/proc/sys/kernel/random/boot_id'): string => {
  const id = readFileSync(file, 'utf8').trim();
  if (!/^[0-9a-f-]{36}$/.test(id)) throw new Error(`${file} holds no id of this start of the machine: ${JSON.stringify(id)}`);
  return id;
};
