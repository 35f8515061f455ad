import { parseAttempts } from '../../../lib/drill/workloads/parse';
import { attempt } from './support';

const line = (over: Record<string, unknown> = {}): string => JSON.stringify({ ...attempt('a', 'order', 1), ...over });

describe('the history of an HTTP meter', () => {
  it('is read as it was written, in the order of time', () => {
    const read = parseAttempts([[line()], [JSON.stringify(attempt('b', 'read', 1, { t: 0.2, start: 0.1 }))]]);
    expect(read.map((a) => a.client)).toEqual(['b', 'a']);
  });
  it.each([
    ['a line that was cut off', '{"kind":"http","t":1', /not JSON/],
    ['a negative time', line({ start: -1 }), /"start" must be a time/],
    ['an unknown stream', line({ stream: 'order ' }), /"stream" must be one of read \| fresh/],
    ['an answer without a status', line({ status: null }), /outcome "ok" with status null/],
    ['no answer with a status', line({ outcome: 'error', status: 200 }), /outcome "error" with status 200/],
    ['an end before the beginning', line({ t: 0 }), /starts \(0.5\) after it ends \(0\)/],
    ['a list', '[]', /must be an object/],
  ])('refuses %s, and says where', (_, bad, message) => {
    expect(() => parseAttempts([[line(), bad]])).toThrow(message);
    expect(() => parseAttempts([[line(), bad]])).toThrow(/file 1, line 2/);
  });
  it('refuses an attempt that is missing', () => {
    const lines = [line({ final: false, outcome: 'error', status: null }), line({ attempt: 3 })];
    expect(() => parseAttempts([lines])).toThrow(/a\/order\/1: attempt 3 where 2 was due/);
  });
  it('refuses a line that is there twice', () => {
    expect(() => parseAttempts([[line(), line()]])).toThrow(/attempt 1 after the final one/);
  });
});
