/** What a switch object says, as text: health checks look for a word in it, people read it. Pure. */
import type { SwitchReading, SwitchValue } from './failover-ports';
import { switchMark } from './names';

/** Health checks of Route 53 search the first 5,120 bytes. */
const LONGEST = 1024;
const TEXT = /^active=([a-z]{2}(?:-[a-z]+)+-\d) epoch=([1-9]\d{0,14})\n$/;

export const switchText = ({ active, epoch }: SwitchValue): string => `${switchMark(active)} epoch=${epoch}\n`;

export const switchReading = (text: string | undefined): SwitchReading => {
  if (text === undefined) return { kind: 'absent' };
  const [, active, epoch] = TEXT.exec(text) ?? [];
  return active === undefined || epoch === undefined
    ? { kind: 'corrupt', text: text.slice(0, LONGEST) }
    : { kind: 'says', value: { active, epoch: Number(epoch) } };
};

/** May an object that says this be made to say that? Never backwards; what is not ours is overwritten. */
export const mayPoint = (reading: SwitchReading, { active, epoch }: SwitchValue): 'write' | 'pointed' | 'newer' => {
  if (reading.kind !== 'says') return 'write';
  const { value } = reading;
  if (value.epoch === epoch && value.active === active) return 'pointed';
  return value.epoch >= epoch ? 'newer' : 'write';
};
