import { Sessions } from '../../../examples/backend/sessions/sessions';
import { FakeSessions } from './fakes';

const remaining = (): number => 1000;
const sessions = () => {
  const state = { now: 0 };
  const cache = new FakeSessions();
  const database = new FakeSessions();
  return { state, cache, database, sessions: new Sessions(cache, database, { now: () => state.now }, 1000, () => undefined) };
};

test('a session is in both places, and found in the faster', async () => {
  const { sessions: s, cache, database } = sessions();
  const { id } = await s.create('ann');
  expect([cache.kept.size, database.kept.size]).toEqual([1, 1]);
  await expect(s.find(id, remaining)).resolves.toMatchObject({ from: 'cache', session: { subject: 'ann' } });
});

test('without the cache it is found in the database, and made there', async () => {
  const { sessions: s, cache } = sessions();
  const before = await s.create('ann');
  cache.away = true;
  const during = await s.create('bob');
  await expect(s.find(before.id, remaining)).resolves.toMatchObject({ from: 'database' });
  await expect(s.find(during.id, remaining)).resolves.toMatchObject({ from: 'database' });
});

test('when the cache is back, it is filled by what is asked for', async () => {
  const { sessions: s, cache } = sessions();
  const { id } = await s.create('ann');
  cache.kept.clear();
  await expect(s.find(id, remaining)).resolves.toMatchObject({ from: 'database' });
  await expect(s.find(id, remaining)).resolves.toMatchObject({ from: 'cache' });
});

test('without the database it is made and found in the cache, and what is not there is not called absent', async () => {
  const { sessions: s, database } = sessions();
  database.away = true;
  const { id } = await s.create('ann');
  await expect(s.find(id, remaining)).resolves.toMatchObject({ from: 'cache' });
  await expect(s.find('other', remaining)).rejects.toMatchObject({ status: 503 });
});

test('without both there is none', async () => {
  const { sessions: s, cache, database } = sessions();
  cache.away = database.away = true;
  await expect(s.create('ann')).rejects.toMatchObject({ status: 503, code: 'sessions_unavailable' });
});

test('it ends by the clock, wherever it is', async () => {
  const { sessions: s, cache, state } = sessions();
  const { id } = await s.create('ann');
  state.now = 1000;
  await expect(s.find(id, remaining)).resolves.toBeUndefined();
  cache.away = true;
  await expect(s.find(id, remaining)).resolves.toBeUndefined();
});
