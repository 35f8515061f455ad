import { CfnOutput, Fn } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import type { Construct } from 'constructs';
import { PeerRoutes } from '../constructs/peering';
import { RegionalStack, type RegionalStackProps } from '../constructs/regional-stack';
import { regionCode } from '../topology/derive';
import type { Region } from '../topology/types';
import { Network } from './network';

const title = (region: Region): string => {
  const code = regionCode(region.name);
  return `${code.charAt(0).toUpperCase()}${code.slice(1)}`;
};

export interface PeeringRequestProps extends RegionalStackProps {
  readonly network: Network;
  /** The networks to peer with. */
  readonly peers: readonly Network[];
}

/**
 * The requester's half of the VPC peering: the connections and this region's routes. CloudFormation accepts the request itself, since both VPCs are in one account.
 * The other VPC's id is read by CloudFormation (`Fn::GetStackOutput`) when this stack is created or updated; see docs/adr/0101-peering-between-regions.md.
 */
export class PeeringRequest extends RegionalStack {
  constructor(scope: Construct, props: PeeringRequestProps) {
    super(scope, 'peering', 'VPC peering requested by this region', props);
    for (const peer of props.peers) this.requestPeering(props.network, peer);
  }

  /** The output that carries the id of the connection with `peer`. */
  static connectionOutput(peer: Region): string {
    return `PeeringWith${title(peer)}`;
  }

  private requestPeering(network: Network, peer: Network): void {
    const { regionModel } = peer;
    const connection = new ec2.CfnVPCPeeringConnection(this, `ConnectionTo${title(regionModel)}`, {
      vpcId: network.vpc.vpcId,
      peerRegion: regionModel.name,
      peerVpcId: Fn.getStackOutput(peer.stackName, Network.VPC_ID_OUTPUT, regionModel.name),
    });
    new PeerRoutes(this, `RoutesTo${title(regionModel)}`, { vpc: network.vpc, peeringConnectionId: connection.attrId, peerCidr: regionModel.network.vpcCidr });
    new CfnOutput(this, PeeringRequest.connectionOutput(regionModel), { value: connection.attrId });
    this.addStackDependency(peer);
  }
}

export interface PeeringReturnProps extends RegionalStackProps {
  readonly network: Network;
  /** The stacks that requested a peering with this region. */
  readonly requests: readonly PeeringRequest[];
}

/** The accepter's half: the routes back. Deployed after the requests, deleted before them. */
export class PeeringReturn extends RegionalStack {
  constructor(scope: Construct, props: PeeringReturnProps) {
    super(scope, 'peering-routes', 'routes back over the VPC peerings that other regions requested', props);
    for (const request of props.requests) {
      const { regionModel } = request;
      new PeerRoutes(this, `RoutesTo${title(regionModel)}`, {
        vpc: props.network.vpc,
        peeringConnectionId: Fn.getStackOutput(request.stackName, PeeringRequest.connectionOutput(props.region), regionModel.name),
        peerCidr: regionModel.network.vpcCidr,
      });
      this.addStackDependency(request);
    }
  }
}
