/** Evidence in its bucket. */
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { checkEvidence } from '../../lib/operations/drills/evidence';
import { proofOf, type Proof } from '../../lib/operations/drills/proof';

/** The latest pieces of each drill that are looked at: a proof that stands is among them. */
const LATEST = 12;

export interface ReadEvidence {
  readonly proofs: readonly Proof[];
  /** What lies in the bucket and does not count, each with its reason. */
  readonly rejected: readonly string[];
}

export class EvidenceBucket {
  constructor(
    private readonly bucket: string,
    private readonly client: Pick<S3Client, 'send'>,
  ) {}

  /** Names sort by time. */
  private async namesOf(prefix: string): Promise<readonly string[]> {
    const names: string[] = [];
    let token: string | undefined;
    do {
      const more = token === undefined ? {} : { ContinuationToken: token };
      const page = await this.client.send(new ListObjectsV2Command({ Bucket: this.bucket, Prefix: prefix, ...more }));
      names.push(...(page.Contents ?? []).flatMap(({ Key }) => (Key?.endsWith('.json') === true ? [Key] : [])));
      token = page.NextContinuationToken;
    } while (token !== undefined);
    return names.sort().slice(-LATEST);
  }

  /** @throws Error when there is none of that name */
  async textOf(name: string): Promise<string> {
    const { Body } = await this.client.send(new GetObjectCommand({ Bucket: this.bucket, Key: name }));
    if (Body === undefined) throw new Error(`s3://${this.bucket}/${name} has no content`);
    return Body.transformToString();
  }

  /** What the bucket proves about an environment's drills. @param trusted names of keys */
  async read(environment: string, drills: readonly string[], trusted: readonly string[]): Promise<ReadEvidence> {
    const names = (await Promise.all(drills.map((drill) => this.namesOf(`${environment}/${drill}/`)))).flat();
    const found = await Promise.all(
      names.map(async (name): Promise<Proof | string> => {
        const check = checkEvidence(await this.textOf(name), trusted);
        if (check.kind !== 'genuine') return `${name}: ${check.because}`;
        const proof = proofOf(check.evidence.statement, name);
        return typeof proof === 'string' ? `${name}: ${proof}` : proof;
      }),
    );
    return { proofs: found.filter((f) => typeof f !== 'string'), rejected: found.filter((f) => typeof f === 'string') };
  }

  /** Never replaces: evidence of that name stays. */
  async write(name: string, text: string, contentType: string): Promise<void> {
    await this.client.send(new PutObjectCommand({ Bucket: this.bucket, Key: name, Body: text, ContentType: contentType, IfNoneMatch: '*' }));
  }
}
