import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { Journal } from './journal';
import { LIMITS } from './limits';
import { required } from './settings';

export const journalHere = (): Journal => new Journal(required('HOLDFAST_DRILL_TABLE'), new DynamoDBClient(LIMITS));
