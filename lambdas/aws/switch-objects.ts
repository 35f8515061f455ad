/** The traffic switch as three small objects in three regions outside: two of them decide. */
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import type { SwitchReading, SwitchResult, SwitchValue, TrafficSwitchPort } from '../../lib/failover/failover-ports';
import type { FailoverSettings, SwitchObject } from '../../lib/failover/settings';
import { mayPoint, switchReading, switchText } from '../../lib/failover/switch-text';
import { isNamed, limits } from './limits';

/** Milliseconds for one attempt. */
const TIMEOUT = 2000;
/** So often somebody else may write between our look and our write. */
const CONTENTIONS = 5;
/** Our condition did not hold any more. */
const LOST_RACE = ['PreconditionFailed', 'ConditionalRequestConflict'];

export interface SwitchPlace extends SwitchObject {
  readonly client: Pick<S3Client, 'send'>;
}

export const placesOf = (objects: readonly SwitchObject[], environment: NodeJS.ProcessEnv = process.env): readonly SwitchPlace[] =>
  objects.map((object) => ({
    ...object,
    client: new S3Client({ region: object.region, forcePathStyle: environment['HOLDFAST_S3_PATH_STYLE'] === '1', ...limits(TIMEOUT) }),
  }));

interface Seen {
  readonly reading: SwitchReading;
  readonly tag: string | undefined;
}

const look = async ({ client, bucket, key }: SwitchPlace): Promise<Seen> => {
  try {
    const { Body, ETag } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
    return { reading: switchReading(await Body?.transformToString()), tag: ETag };
  } catch (error) {
    if (isNamed(error, 'NoSuchKey')) return { reading: { kind: 'absent' }, tag: undefined };
    throw error;
  }
};

/** On the condition that the object is what was looked at. @returns false when it is not */
const write = async ({ client, bucket, key }: SwitchPlace, { tag }: Seen, value: SwitchValue): Promise<boolean> => {
  const condition = tag === undefined ? { IfNoneMatch: '*' } : { IfMatch: tag };
  const object = { Bucket: bucket, Key: key, Body: switchText(value), ContentType: 'text/plain', CacheControl: 'no-store' };
  try {
    await client.send(new PutObjectCommand({ ...object, ...condition }));
    return true;
  } catch (error) {
    if (isNamed(error, ...LOST_RACE)) return false;
    throw error;
  }
};

type Pointed = Exclude<keyof SwitchResult, 'notes'>;
interface Told {
  readonly name: string;
  readonly result: Pointed;
  readonly note?: string;
}

/** So much of a text that is none of ours is told. */
const SHOWN = 100;

const pointOne = async (place: SwitchPlace, value: SwitchValue): Promise<Told> => {
  const { region: name } = place;
  try {
    for (let attempt = 1; attempt <= CONTENTIONS; attempt += 1) {
      const seen = await look(place);
      const may = mayPoint(seen.reading, value);
      if (may !== 'write') return { name, result: may };
      const { reading } = seen;
      const note = reading.kind === 'corrupt' ? { note: `${name} said ${JSON.stringify(reading.text.slice(0, SHOWN))}, and was overwritten` } : {};
      if (await write(place, seen, value)) return { name, result: 'pointed', ...note };
    }
    return { name, result: 'silent', note: `${name}: somebody else was faster ${CONTENTIONS} times in a row` };
  } catch (error) {
    return { name, result: 'silent', note: `${name}: ${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}` };
  }
};

export const switchObjects = (places: readonly SwitchPlace[]): TrafficSwitchPort => ({
  quorum: Math.floor(places.length / 2) + 1,
  read: () =>
    Promise.all(
      places.map(async (place) => ({
        name: place.region,
        reading: (await look(place).catch(() => undefined))?.reading ?? { kind: 'silent' as const },
      })),
    ),
  point: async (region, epoch) => {
    const said = await Promise.all(places.map((place) => pointOne(place, { active: region, epoch })));
    const those = (what: Pointed): readonly string[] => said.filter(({ result }) => result === what).map(({ name }) => name);
    return {
      pointed: those('pointed'),
      newer: those('newer'),
      silent: those('silent'),
      notes: said.flatMap(({ note }) => (note === undefined ? [] : [note])),
    };
  },
});

export const switchObjectsOf = ({ switchObjects: objects }: Pick<FailoverSettings, 'switchObjects'>): TrafficSwitchPort => switchObjects(placesOf(objects));
