import { Sha256 } from '@smithy/core/checksum';
import { SignatureV4 } from '@smithy/signature-v4';
import { approvalsBy, type SendToSts } from '../../lambdas/aws/approvals';
import { signIdentity } from '../../lambdas/aws/sign-identity';
import { Items } from '../../lambdas/aws/items';
import { judgeApprovals, type ApprovalRequest } from '../../lib/failover/approval';
import { approvalsId, type SignedIdentity } from '../../lib/failover/approval-token';
import { FakeTable } from './fake-dynamo';

const ENDPOINT = 'https://sts.us-east-1.amazonaws.com';
const REQUEST: ApprovalRequest = { environment: 'production', attempt: 'production-7', epoch: 7, text: 'failover to us-east-1' };
const OWN = '123456789012';

/** Access keys, their secrets and whose they are: what AWS knows. */
const PEOPLE: Readonly<Record<string, { readonly secret: string; readonly arn: string; readonly account: string }>> = {
  ALICE: { secret: 'a', arn: `arn:aws:iam::${OWN}:user/alice`, account: OWN },
  BOB: { secret: 'b', arn: `arn:aws:iam::${OWN}:user/bob`, account: OWN },
  OPS1: { secret: 'c', arn: `arn:aws:sts::${OWN}:assumed-role/ops/carol`, account: OWN },
  OPS2: { secret: 'd', arn: `arn:aws:sts::${OWN}:assumed-role/ops/carol-again`, account: OWN },
  SSO1: { secret: 'e', arn: `arn:aws:sts::${OWN}:assumed-role/AWSReservedSSO_Admin_1/dave@example.com`, account: OWN },
  SSO2: { secret: 'f', arn: `arn:aws:sts::${OWN}:assumed-role/AWSReservedSSO_Admin_1/erin@example.com`, account: OWN },
  MALLORY: { secret: 'g', arn: 'arn:aws:iam::999999999999:user/mallory', account: '999999999999' },
};

/** Checks the signature as AWS does: by making it anew from what arrived, with the secret that belongs to the key. */
const sts: SendToSts = async (headers, body) => {
  const [, key = '', region = '', signed = ''] =
    /Credential=(\w+)\/\d+\/([a-z0-9-]+)\/sts\/aws4_request, SignedHeaders=([^,]+)/.exec(headers['authorization'] ?? '') ?? [];
  const person = PEOPLE[key];
  const date = headers['x-amz-date'] ?? '';
  const at = new Date(date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
  if (person === undefined || Math.abs(Date.now() - at.getTime()) > 300_000) return { status: 403, body: '<Error/>' };
  const named = Object.fromEntries(signed.split(';').map((name) => [name, name === 'host' ? new URL(ENDPOINT).host : (headers[name] ?? '')]));
  const signer = new SignatureV4({
    service: 'sts',
    region,
    credentials: { accessKeyId: key, secretAccessKey: person.secret },
    sha256: Sha256,
    applyChecksum: false,
  });
  const again = await signer.sign(
    { method: 'POST', protocol: 'https:', hostname: new URL(ENDPOINT).host, path: '/', query: {}, headers: named, body },
    { signingDate: at },
  );
  if (again.headers['authorization'] !== headers['authorization']) return { status: 403, body: '<Error><Code>SignatureDoesNotMatch</Code></Error>' };
  return {
    status: 200,
    body: `<GetCallerIdentityResult><Arn>${person.arn}</Arn><UserId>X</UserId><Account>${person.account}</Account></GetCallerIdentityResult>`,
  };
};

const table = (): { readonly items: Items; readonly fake: FakeTable } => {
  const fake = new FakeTable();
  return { fake, items: new Items('t', [fake.replica('eu-west-1')]) };
};
const sign = (key: string, request: Partial<ApprovalRequest> = {}, verdict: 'approve' | 'reject' = 'approve'): Promise<SignedIdentity> =>
  signIdentity({ ...REQUEST, ...request }, verdict, {
    endpoint: ENDPOINT,
    region: 'us-east-1',
    claims: key,
    credentials: { accessKeyId: key, secretAccessKey: PEOPLE[key]!.secret },
  });
const judge = async (...given: readonly unknown[]): Promise<ReturnType<typeof judgeApprovals>> => {
  const { items } = table();
  for (const [i, value] of given.entries()) await items.add({ id: approvalsId(REQUEST.attempt), part: String(i), value });
  return judgeApprovals(REQUEST, await approvalsBy({ account: OWN, items, notify: { tell: () => Promise.resolve() }, send: sts }).read(REQUEST));
};

test('two people who have signed for this run are enough', async () => {
  expect((await judge(await sign('ALICE'), await sign('BOB'))).verdict).toEqual({ kind: 'granted', people: [PEOPLE['ALICE']!.arn, PEOPLE['BOB']!.arn] });
  expect((await judge(await sign('SSO1'), await sign('SSO2'))).verdict).toMatchObject({ kind: 'granted' });
});

test('one who says no ends it', async () => {
  expect((await judge(await sign('ALICE'), await sign('BOB', {}, 'reject'))).verdict).toMatchObject({ kind: 'rejected', by: PEOPLE['BOB']!.arn });
});

test.each<[string, () => Promise<readonly unknown[]>, RegExp]>([
  ['one person twice', async () => [await sign('ALICE'), await sign('ALICE')], /duplicate/],
  ['one role under two names of its own choice', async () => [await sign('OPS1'), await sign('OPS2')], /duplicate/],
  ['a person of another account', async () => [await sign('ALICE'), await sign('MALLORY')], /not proven/],
  [
    'an approval that somebody has written by hand',
    async () => [await sign('ALICE'), { verdict: 'approve', attempt: 'production-7', epoch: 7, at: 1, claims: 'bob' }],
    /not proven/,
  ],
  [
    "a signature made with somebody else's name",
    async () => [await sign('ALICE'), { ...(await sign('MALLORY')), authorization: (await sign('MALLORY')).authorization.replace('MALLORY', 'BOB') }],
    /not proven/,
  ],
  [
    'a signature for another run, moved here',
    async () => [await sign('ALICE'), { ...(await sign('BOB', { attempt: 'production-6' })), attempt: 'production-7' }],
    /not proven/,
  ],
  ['a refusal that was turned into an approval', async () => [await sign('ALICE'), { ...(await sign('BOB', {}, 'reject')), verdict: 'approve' }], /not proven/],
  ['an approval of an earlier epoch', async () => [await sign('ALICE'), await sign('BOB', { epoch: 6 })], /stale: it is for epoch 6/],
  ['a header too many', async () => [await sign('ALICE'), { ...(await sign('BOB')), date: 'x\r\nhost: evil' }], /not proven/],
])('%s counts for nothing', async (_, given, because) => {
  const { verdict, refused } = await judge(...(await given()));
  expect(verdict).toMatchObject({ kind: 'waiting', missing: 1 });
  expect(refused.map((r) => r.because).join()).toMatch(because);
});

test('an identity that was signed for nothing in particular is none', async () => {
  const { authorization, ...rest } = await sign('BOB');
  const { verdict } = await judge({ ...rest, authorization: authorization.replace(';x-holdfast-approval', '') });
  expect(verdict).toMatchObject({ kind: 'waiting', missing: 2 });
});

test('an approval is proven once: it still counts when the signature is too old, and a forgery is told once', async () => {
  const { items } = table();
  let asked = 0;
  const send: SendToSts = (...args) => {
    asked += 1;
    return asked > 2 ? Promise.resolve({ status: 403, body: '<Error/>' }) : sts(...args);
  };
  const port = approvalsBy({ account: OWN, items, notify: { tell: () => Promise.resolve() }, send });
  await items.add({ id: approvalsId(REQUEST.attempt), part: '1', value: await sign('ALICE') });
  await items.add({ id: approvalsId(REQUEST.attempt), part: '2', value: await sign('MALLORY') });
  expect(await port.read(REQUEST)).toHaveLength(2);
  expect(await port.read(REQUEST)).toMatchObject([{ person: PEOPLE['ALICE']!.arn, verified: true }]);
});

test('while STS does not answer an approval is neither proven nor thrown away', async () => {
  const { items } = table();
  let down = true;
  const send: SendToSts = (...args) => (down ? Promise.reject(new Error('no answer')) : sts(...args));
  const port = approvalsBy({ account: OWN, items, notify: { tell: () => Promise.resolve() }, send });
  await items.add({ id: approvalsId(REQUEST.attempt), part: '1', value: await sign('ALICE') });
  expect(await port.read(REQUEST)).toEqual([]);
  down = false;
  expect(await port.read(REQUEST)).toMatchObject([{ verified: true }]);
});
