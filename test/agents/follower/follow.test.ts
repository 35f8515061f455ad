import { writeFileSync } from 'node:fs';
import { follow } from '../../../agents/follower/run';
import { HOSTS, sleep, until, World } from './fakes/world';

let world: World;
beforeEach(async () => {
  world = await World.make();
});
afterEach(async () => {
  jest.restoreAllMocks();
  await world.end();
});

/** Commands that drop clients. */
const kills = (): readonly string[] => world.pgbouncer.changes.filter((c) => c.startsWith('KILL'));
const said = (what: string): string[] => world.lines.filter((l) => l.what === what).map((l) => l.why);
const failOver = (): void => {
  world.noLeader();
  world.leader('pg-x-1');
  world.primaries(HOSTS['pg-x-1']);
};

describe('following', () => {
  test('the first leader: asked, written, reloaded, ready', async () => {
    world.start();
    await until('the server answers', () => said('started').length === 1);
    expect((await world.get('/health/ready')).status).toBe(503);
    expect((await world.get('/health/live')).status).toBe(200);
    world.primaries(HOSTS['pg-x-0']);
    world.leader('pg-x-0');
    await world.routedTo('pg-x-0', HOSTS['pg-x-0']);
    await until('ready', () => said('routed').length === 1);
    expect((await world.get('/health/ready')).status).toBe(200);
    expect((await world.get('/metrics')).body).toContain('holdfast_follower_leader_info{member="pg-x-0"} 1');
    expect(world.patroni.asked).toContain(`${HOSTS['pg-x-0']} GET /primary`);
    expect(world.route?.modRevision).toBe(world.etcd.revision);
    expect(world.pgbouncer.changes).toEqual(['RELOAD']);
  });

  test('a failover: held without a leader, held until the new one is primary, then switched within tenths of a second', async () => {
    await world.routedTo0();
    world.primaries();
    world.noLeader();
    // The old primary says that it takes no writes: clients wait instead of reading what it alone has.
    await until('held', () => world.pgbouncer.changes.includes('PAUSE app'));
    world.leader('pg-x-1');
    await until('asked', () => world.patroni.asked.filter((a) => a.startsWith(HOSTS['pg-x-1'])).length >= 3);
    expect(world.route?.member).toBe('pg-x-0');
    expect(world.pgbouncer.changes).toEqual(['RELOAD', 'PAUSE app']);
    const promoted = Date.now();
    world.primaries(HOSTS['pg-x-1']);
    await world.routedTo('pg-x-1', HOSTS['pg-x-1']);
    expect(Date.now() - promoted).toBeLessThan(500);
    expect(await world.metric('route_switches_total')).toBe(2);
    expect(await world.metric('last_switch_duration_seconds')).toBeGreaterThan(0.1);
  });

  test('a leader that is silent is never routed to', async () => {
    await world.routedTo0();
    world.patroni.silent.add(HOSTS['pg-x-1']);
    failOver();
    await sleep(1_200);
    expect(world.route?.member).toBe('pg-x-0');
    world.patroni.silent.clear();
    await world.routedTo('pg-x-1', HOSTS['pg-x-1']);
  });

  test('a leader that flaps: only who holds the key and is primary is routed to, and the end state is right', async () => {
    await world.routedTo0();
    for (let i = 0; i < 5; i += 1) {
      world.noLeader();
      world.leader('pg-x-1');
      world.noLeader();
      world.leader('pg-x-0');
      await sleep(30);
    }
    await sleep(300);
    expect(world.route?.member).toBe('pg-x-0');
    expect(await world.metric('route_switches_total')).toBe(1);
    failOver();
    await world.routedTo('pg-x-1', HOSTS['pg-x-1']);
  });

  test('the same name at a new address is routed to', async () => {
    await world.routedTo0();
    world.primaries(HOSTS.moved);
    world.member('pg-x-0', HOSTS.moved);
    await world.routedTo('pg-x-0', HOSTS.moved);
  });

  test('events that come twice, and a key that is written again by its holder, touch nothing', async () => {
    await world.routedTo0();
    world.etcd.repeatLastEvent();
    world.etcd.repeatLastEvent();
    world.leader('pg-x-0');
    await until('the new revision is noticed', () => said('route kept').length === 1);
    await sleep(100);
    expect(world.pgbouncer.changes).toEqual(['RELOAD']);
    expect(await world.metric('route_switches_total')).toBe(1);
  });
});

describe('etcd in trouble', () => {
  test('without quorum for long: the route stays, nothing is killed, the follower stays ready', async () => {
    await world.routedTo0();
    world.etcd.mode('no-leader');
    world.etcd.cancelWatches({ cancel_reason: 'etcdserver: no leader' });
    await until('etcd is missed', () => said('etcd does not answer').length > 0);
    await sleep(2_500);
    expect(world.route?.member).toBe('pg-x-0');
    expect(world.pgbouncer.changes).toEqual(['RELOAD']);
    expect((await world.get('/health/ready')).status).toBe(200);
    expect(await world.metric('etcd_last_answer_age_seconds')).toBeGreaterThan(2);
    expect(await world.metric('etcd_errors_total')).toBeGreaterThan(3);
    expect(said('watch ended').length).toBeLessThan(5);
    world.etcd.mode('ok');
    failOver();
    await world.routedTo('pg-x-1', HOSTS['pg-x-1']);
  });

  test.each(['silent', 'garbage'] as const)('all endpoints %s: the route stays', async (mode) => {
    await world.routedTo0();
    world.etcd.mode(mode);
    await sleep(1_500);
    expect(world.pgbouncer.changes).toEqual(['RELOAD']);
    expect((await world.get('/health/live')).status).toBe(200);
  });

  test('a follower without any route takes the first one without a quorum, if the member confirms it', async () => {
    world.leader('pg-x-0');
    world.etcd.mode('no-leader');
    world.start();
    await until('asked', () => world.patroni.asked.length > 2);
    expect(world.route).toBeUndefined();
    world.primaries(HOSTS['pg-x-0']);
    await world.routedTo('pg-x-0', HOSTS['pg-x-0']);
    failOver();
    await sleep(800);
    expect(world.route?.member).toBe('pg-x-0');
  });

  test('a watch that tells nothing: polling finds the leader, and the watch is abandoned', async () => {
    await world.routedTo0();
    world.etcd.mode('deaf');
    failOver();
    await world.routedTo('pg-x-1', HOSTS['pg-x-1']);
    await until('the watch is abandoned', () => said('watch abandoned').length > 0);
    expect(await world.metric('watch_restarts_total')).toBeGreaterThanOrEqual(1);
  });

  test('endpoints die in the middle of a stream: the next one serves', async () => {
    jest.spyOn(Math, 'random').mockReturnValue(0);
    await world.routedTo0();
    world.etcd.kill(0);
    await until('it watches at the next endpoint', () => world.etcd.watchesOpened === 2);
    world.etcd.kill(1);
    await until('it watches at the last endpoint', () => world.etcd.watchesOpened === 3);
    const reads = world.etcd.reads;
    await until('it goes on reading', () => world.etcd.reads > reads);
    failOver();
    await world.routedTo('pg-x-1', HOSTS['pg-x-1']);
  });

  test('a cancelled watch, its revision compacted away, begins anew from the present', async () => {
    await world.routedTo0();
    const opened = world.etcd.watchesOpened;
    world.etcd.cancelWatches({ compact_revision: '90' });
    await until('a new watch', () => world.etcd.watchesOpened > opened);
    expect(said('watch ended')[0]).toMatch(/compacted at revision 90/);
    failOver();
    await world.routedTo('pg-x-1', HOSTS['pg-x-1']);
  });

  test('a reading older than the route is not followed', async () => {
    await world.routedTo0();
    failOver();
    await world.routedTo('pg-x-1', HOSTS['pg-x-1']);
    // etcd's history goes back behind the switch: the old leader's key has an older revision.
    world.etcd.revision = 50;
    world.primaries(HOSTS['pg-x-0'], HOSTS['pg-x-1']);
    world.leader('pg-x-0');
    await until('it is refused', () => said('hold').some((why) => why.includes('older than the route')));
    await sleep(500);
    expect(world.route?.member).toBe('pg-x-1');
  });
});

describe('PgBouncer in trouble', () => {
  const strand = (): void => {
    world.pgbouncer.servers = [
      { addr: HOSTS['pg-x-0'], port: 5432, link: '0xc1' },
      { addr: HOSTS['pg-x-1'], port: 5432, link: '0xc2' },
    ];
    world.pgbouncer.clients = [
      { id: 11, ptr: '0xc1' },
      { id: 12, ptr: '0xc2' },
      { id: 13, ptr: '0xc3' },
    ];
  };

  test('only clients that are bound to the old server are ended', async () => {
    await world.routedTo0();
    await sleep(1_000); // the first route has no old server to sever from any more
    strand();
    failOver();
    await until('client 11 is ended', () => kills().length > 0);
    await sleep(1_000);
    expect(kills()).toEqual(['KILL_CLIENT 11']);
    expect(await world.metric('clients_killed_total')).toBe(1);
  });

  test('when that does not help, the database is killed and resumed', async () => {
    await world.routedTo0();
    strand();
    world.pgbouncer.knowsKillClient = false;
    failOver();
    await until('killed and resumed', () => world.pgbouncer.changes.slice(-2).join() === 'KILL app,RESUME app');
    expect(world.pgbouncer.paused).toBe(false);
    await sleep(500);
    expect(kills().filter((c) => c === 'KILL app')).toHaveLength(1);
  });

  test.each(['refuse', 'hang'] as const)('a console that answers with "%s": the route is written, and applied as soon as it can be', async (mode) => {
    await world.routedTo0();
    world.pgbouncer.mode = mode;
    failOver();
    await until('written', () => world.route?.member === 'pg-x-1');
    await sleep(700);
    expect(world.pgbouncer.host).toBe(HOSTS['pg-x-0']);
    expect((await world.get('/health/ready')).status).toBe(503);
    world.pgbouncer.mode = 'ok';
    await world.routedTo('pg-x-1', HOSTS['pg-x-1']);
    await until('ready', () => said('routed').some((why) => why.includes('pg-x-1')));
    expect((await world.get('/health/ready')).status).toBe(200);
    expect(kills()).toEqual([]);
  });

  test('PgBouncer restarts: it reads the file by itself, and the next switch finds its new console', async () => {
    await world.routedTo0();
    await world.pgbouncer.stop();
    await sleep(300);
    await world.pgbouncer.start();
    expect(world.pgbouncer.host).toBe(HOSTS['pg-x-0']);
    failOver();
    await world.routedTo('pg-x-1', HOSTS['pg-x-1']);
    expect(world.pgbouncer.changes).toEqual(['RELOAD', 'RELOAD']);
  });

  test('PgBouncer is away during a failover: it comes back with the new route, and the follower is ready again', async () => {
    await world.routedTo0();
    await world.pgbouncer.stop();
    failOver();
    await until('written', () => world.route?.member === 'pg-x-1');
    await sleep(300);
    await world.pgbouncer.start();
    await until('routed', () => said('routed').some((why) => why.includes('pg-x-1')));
    await until('settled', () => said('console').at(-1) === 'PgBouncer answers');
    expect((await world.get('/health/ready')).status).toBe(200);
  });

  test('the console is left after use: PgBouncer waits for its last client when it is told to stop', async () => {
    await world.routedTo0();
    await until('left', () => world.pgbouncer.connected === 0);
    await sleep(600);
    expect(world.pgbouncer.connected).toBe(0);
  });

  test('a KILL without its RESUME, left by a predecessor, is finished', async () => {
    await world.routedTo0();
    await world.stopFollower();
    world.pgbouncer.paused = true;
    writeFileSync(`${world.databasesFile}.killed`, '');
    world.start();
    await until('resumed', () => !world.pgbouncer.paused);
    await sleep(500);
    expect(world.pgbouncer.changes.filter((c) => c === 'RESUME app')).toHaveLength(1);
  });

  test("an operator's PAUSE is left alone", async () => {
    await world.routedTo0();
    world.pgbouncer.paused = true;
    await sleep(800);
    expect(world.pgbouncer.changes).toEqual(['RELOAD']);
  });
});

describe('the follower restarts', () => {
  test('the leader is the same: PgBouncer is not touched', async () => {
    await world.routedTo0();
    await world.stopFollower();
    const before = world.pgbouncer.changes.length;
    world.start();
    await until('held', () => said('hold').filter((why) => why.includes('is the leader and the route')).length >= 2);
    await sleep(500);
    expect(world.pgbouncer.changes.slice(before)).toEqual([]);
    expect(await world.metric('route_switches_total')).toBe(0);
    expect((await world.get('/health/ready')).status).toBe(200);
  });

  test('it died after writing and before the reload: the reload is made good', async () => {
    await world.routedTo0();
    await world.stopFollower();
    world.pgbouncer.host = '127.0.0.9';
    world.start();
    await until('reloaded', () => world.pgbouncer.host === HOSTS['pg-x-0']);
    expect(said('reload')[0]).toMatch(/PgBouncer uses 127\.0\.0\.9/);
  });

  test('the leader changed meanwhile: switched', async () => {
    await world.routedTo0();
    await world.stopFollower();
    failOver();
    world.start();
    await world.routedTo('pg-x-1', HOSTS['pg-x-1']);
  });

  test('etcd was recreated meanwhile, with smaller revisions and another id: followed at once', async () => {
    await world.routedTo0();
    await world.stopFollower();
    [world.etcd.clusterId, world.etcd.revision] = ['99', 3];
    failOver();
    world.start();
    await world.routedTo('pg-x-1', HOSTS['pg-x-1']);
  });
});

test('bad certificates and a taken port end the follower with a clear message', async () => {
  await world.routedTo0();
  const stop = new AbortController().signal;
  await expect(follow(world.config, () => undefined, stop)).rejects.toThrow(/EADDRINUSE/);
  const etcd = { ...world.config.etcd, ca: '/nonexistent/ca.crt' };
  await expect(follow({ ...world.config, etcd }, () => undefined, stop)).rejects.toThrow(/ENOENT.*ca\.crt/);
});

describe('a planned handover', () => {
  const wish = (): void => world.etcd.put('/service/test/failover', '{"leader":"pg-x-0"}');

  test('keeps clients waiting while the old primary stops, and lets them go on at the new one', async () => {
    await world.routedTo0();
    wish();
    await until('the handover is watched', () => said('route in doubt').length > 0);
    expect(world.pgbouncer.changes).not.toContain('PAUSE app');
    world.patroni.stopping.add(HOSTS['pg-x-0']);
    await until('clients wait', () => world.pgbouncer.changes.includes('PAUSE app'));
    world.etcd.delete('/service/test/failover');
    failOver();
    await until('clients go on', () => world.pgbouncer.changes.includes('RESUME app'));
    expect(world.pgbouncer.changes.slice(-3)).toEqual(['PAUSE app', 'RELOAD', 'RESUME app']);
    expect(world.route?.member).toBe('pg-x-1');
  });

  test('that is given up lets clients go on where they were', async () => {
    await world.routedTo0();
    wish();
    world.patroni.stopping.add(HOSTS['pg-x-0']);
    await until('clients wait', () => world.pgbouncer.changes.includes('PAUSE app'));
    world.patroni.stopping.delete(HOSTS['pg-x-0']);
    world.etcd.delete('/service/test/failover');
    await until('clients go on', () => world.pgbouncer.changes.includes('RESUME app'));
    expect(world.route?.member).toBe('pg-x-0');
  });

  test('a new primary that is still in recovery is not routed to', async () => {
    await world.routedTo0();
    world.patroni.promoting.add(HOSTS['pg-x-1']);
    failOver();
    await until('it is asked', () => said('candidate answered').some((why) => why.includes('replica')));
    expect(world.route?.member).toBe('pg-x-0');
    world.patroni.promoting.delete(HOSTS['pg-x-1']);
    await until('it is routed to', () => world.route?.member === 'pg-x-1');
  });
});
