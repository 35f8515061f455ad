import { KMSClient } from '@aws-sdk/client-kms';
import type { EvidenceSigner } from '../../lib/operations/drills/evidence';
import { kmsSigner } from './evidence-key';
import { LIMITS } from './limits';
import { required } from './settings';

export const signerHere = (): EvidenceSigner => kmsSigner(new KMSClient(LIMITS), required('HOLDFAST_EVIDENCE_KEY'));
