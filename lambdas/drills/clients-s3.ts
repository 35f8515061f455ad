import { S3Client } from '@aws-sdk/client-s3';
import { EvidenceBucket } from './evidence-bucket';
import { LIMITS } from './limits';
import { required } from './settings';

export const bucketHere = (): EvidenceBucket => new EvidenceBucket(required('HOLDFAST_EVIDENCE_BUCKET'), new S3Client(LIMITS));
