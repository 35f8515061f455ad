/** Route 53's health checkers as Route 53 itself lists them today: refused, they would say that a region is lost. */
import { GetCheckerIpRangesCommand, Route53Client } from '@aws-sdk/client-route-53';
import { limits } from '../../lambdas/aws/limits';
import { parseBlock } from '../../lib/topology/addresses';
import type { OwnBlock } from '../../lib/topology/blocklist';
import { EDGE_REGION } from '../../lib/topology/edge-names';
import { notice } from '../terminal';

const TIMEOUT = 5000;

/** Without an answer the list that Holdfast was built with has to do (lib/topology/blocklist.ts), and that is said. */
export const healthCheckers = async (client = new Route53Client({ region: EDGE_REGION, ...limits(TIMEOUT) })): Promise<readonly OwnBlock[]> => {
  try {
    const { CheckerIpRanges = [] } = await client.send(new GetCheckerIpRangesCommand({}));
    return CheckerIpRanges.flatMap((text) => {
      const block = parseBlock(text);
      return block === undefined ? [] : [{ block, whose: 'Route 53’s health checkers, without which every region counts as lost' }];
    });
  } catch (error) {
    notice(`Route 53 did not list its health checkers (${error instanceof Error ? error.message : String(error)}): checked against the list of this release`);
    return [];
  }
};
