import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { switchObjects, type SwitchPlace } from '../../lambdas/aws/switch-objects';
import { switchReading, switchText } from '../../lib/failover/switch-text';

class Named extends Error {
  constructor(name: string) {
    super(name);
    this.name = name;
  }
}

/** One object, with the conditions that S3 has, and somebody who may come between. */
class FakeObject {
  text: string | undefined;
  version = 0;
  silent = false;
  /** Before the next write: somebody else's. */
  between: (() => void) | undefined;

  readonly place = (region: string): SwitchPlace => ({
    region,
    bucket: 'b',
    key: 'k',
    client: { send: (command: unknown) => this.send(command) },
  });

  private async send(command: unknown): Promise<unknown> {
    await Promise.resolve();
    if (this.silent) throw new Named('TimeoutError');
    if (command instanceof GetObjectCommand) {
      if (this.text === undefined) throw new Named('NoSuchKey');
      const { text } = this;
      return { ETag: `"${this.version}"`, Body: { transformToString: () => Promise.resolve(text) } };
    }
    if (!(command instanceof PutObjectCommand)) throw new Error('unknown command');
    this.between?.();
    this.between = undefined;
    const { IfMatch: match, IfNoneMatch: none, Body: body } = command.input;
    if (match === undefined && none === undefined) throw new Error('a write without a condition');
    if (none === '*' && this.text !== undefined) throw new Named('PreconditionFailed');
    if (match !== undefined && (this.text === undefined || match !== `"${this.version}"`)) throw new Named('PreconditionFailed');
    this.write(typeof body === 'string' ? body : '');
    return {};
  }

  write(text: string): void {
    this.text = text;
    this.version += 1;
  }
}

const three = (): readonly [FakeObject, FakeObject, FakeObject] => [new FakeObject(), new FakeObject(), new FakeObject()];
const REGIONS = ['eu-west-1', 'eu-west-3', 'us-west-2'];
const switchOf = (objects: readonly FakeObject[]): ReturnType<typeof switchObjects> => switchObjects(objects.map((o, i) => o.place(REGIONS[i] ?? '')));
const says = (active: string, epoch: number): string => switchText({ active, epoch });

test('writes what the health checks look for, where nothing was', async () => {
  const objects = three();
  expect(await switchOf(objects).point('us-east-1', 2)).toEqual({ pointed: REGIONS, newer: [], silent: [], notes: [] });
  expect(objects.map((o) => o.text)).toEqual(Array(3).fill('active=us-east-1 epoch=2\n'));
});

test('never goes backwards', async () => {
  const objects = three();
  objects[0].write(says('eu-central-1', 5));
  expect(await switchOf(objects).point('us-east-1', 4)).toMatchObject({ newer: ['eu-west-1'], pointed: ['eu-west-3', 'us-west-2'] });
  expect(objects[0].text).toBe(says('eu-central-1', 5));
});

test('two regions in one epoch are refused: somebody is wrong', async () => {
  const objects = three();
  objects[0].write(says('eu-central-1', 4));
  expect((await switchOf(objects).point('us-east-1', 4)).newer).toEqual(['eu-west-1']);
});

test('repeated, it writes nothing and says that it is so', async () => {
  const objects = three();
  await switchOf(objects).point('us-east-1', 2);
  expect(await switchOf(objects).point('us-east-1', 2)).toMatchObject({ pointed: REGIONS });
  expect(objects.map((o) => o.version)).toEqual([1, 1, 1]);
});

test('somebody who is faster with a later epoch is not written over', async () => {
  const objects = three();
  objects[1].write(says('eu-central-1', 1));
  objects[1].between = () => objects[1].write(says('eu-central-1', 9));
  expect(await switchOf(objects).point('us-east-1', 2)).toMatchObject({ newer: ['eu-west-3'] });
  expect(objects[1].text).toBe(says('eu-central-1', 9));
});

test('one that does not answer is named, and the other two are a quorum', async () => {
  const objects = three();
  objects[2].silent = true;
  const port = switchOf(objects);
  expect(await port.point('us-east-1', 2)).toEqual({
    pointed: ['eu-west-1', 'eu-west-3'],
    newer: [],
    silent: ['us-west-2'],
    notes: ['us-west-2: TimeoutError: TimeoutError'],
  });
  expect(port.quorum).toBe(2);
  expect((await port.read()).map(({ reading }) => reading.kind)).toEqual(['says', 'says', 'silent']);
});

test.each(['', 'active=us-east-1', 'active=us-east-1 epoch=0\n', 'active=us-east-1 epoch=2\nactive=eu-central-1 epoch=3\n', '<html>'])(
  '%j counts for nobody, and is overwritten',
  async (text) => {
    const objects = three();
    objects[0].write(text);
    expect(switchReading(text).kind).toBe('corrupt');
    expect(await switchOf(objects).point('us-east-1', 2)).toMatchObject({
      pointed: REGIONS,
      notes: [`eu-west-1 said ${JSON.stringify(text)}, and was overwritten`],
    });
  },
);
