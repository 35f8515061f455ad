import { Aws } from 'aws-cdk-lib';
import * as route53 from 'aws-cdk-lib/aws-route53';
import * as recovery from 'aws-cdk-lib/aws-route53recoverycontrol';
import { Construct } from 'constructs';
import { switchMark } from '../failover/names';
import { controlName, regionTitle, switchObjectUrl } from '../failover/routing';
import type { Dns, Environment, RegionFailover } from '../topology/types';
import { nameTag } from './dns-check';

/** Health checks that are healthy when they see that a region took over; `threshold` of them are enough. */
export interface TakeoverSigns {
  readonly checkIds: readonly string[];
  readonly threshold: number;
}

/** What a failover flips, and DNS looks at: nothing of it is a change of DNS, and none of it lies in a region with workloads. */
export interface TrafficSwitch {
  /** How it is seen that the region took over. */
  readonly signsOf: (region: string) => TakeoverSigns;
}

export interface StopQuorumProps {
  readonly environment: Environment;
  readonly dns: Dns;
  readonly failover: RegionFailover;
}

/** Three objects in three regions; two of them decide. An object that is missing or cannot be read says nothing, and the home region stays. */
export class StopQuorum extends Construct implements TrafficSwitch {
  private readonly props: StopQuorumProps;

  constructor(scope: Construct, id: string, props: StopQuorumProps) {
    super(scope, id);
    this.props = props;
  }

  signsOf(region: string): TakeoverSigns {
    const { switchRegions } = this.props.failover;
    const checkIds = switchRegions.map((switchRegion) => this.watch(region, switchRegion));
    return { checkIds, threshold: Math.floor(switchRegions.length / 2) + 1 };
  }

  private watch(region: string, switchRegion: string): string {
    const { environment, dns } = this.props;
    const url = switchObjectUrl(environment, switchRegion, environment.account ?? Aws.ACCOUNT_ID);
    const check = new route53.CfnHealthCheck(this, `${regionTitle(region)}By${regionTitle(switchRegion)}`, {
      healthCheckConfig: {
        type: 'HTTPS_STR_MATCH',
        fullyQualifiedDomainName: url.host,
        port: 443,
        resourcePath: url.path,
        searchString: switchMark(region),
        enableSni: true,
        requestInterval: dns.healthChecks.interval,
        failureThreshold: dns.healthChecks.switchThreshold,
      },
      healthCheckTags: [nameTag(environment, `${region} took over, says ${switchRegion}`)],
    });
    return check.attrHealthCheckId;
  }
}

export interface RoutingControlsProps {
  readonly environment: Environment;
}

/** ARC routing controls: one per region, all of them off until a region takes over. At most one can be on; that of the home region changes nothing in DNS. */
export class RoutingControls extends Construct implements TrafficSwitch {
  private readonly environment: Environment;
  private readonly cluster: recovery.CfnCluster;
  private readonly panel: recovery.CfnControlPanel;
  private readonly controls: ReadonlyMap<string, recovery.CfnRoutingControl>;

  constructor(scope: Construct, id: string, props: RoutingControlsProps) {
    super(scope, id);
    const { environment } = props;
    this.environment = environment;
    const name = `holdfast-${environment.name}`;
    this.cluster = new recovery.CfnCluster(this, 'Cluster', { name });
    this.panel = new recovery.CfnControlPanel(this, 'Panel', { name, clusterArn: this.cluster.attrClusterArn });
    this.controls = new Map(environment.regions.map((region) => [region.name, this.defineControl(region.name)]));
    this.allowOneAtATime();
  }

  private defineControl(region: string): recovery.CfnRoutingControl {
    return new recovery.CfnRoutingControl(this, `Control${regionTitle(region)}`, {
      name: controlName(this.environment, region),
      clusterArn: this.cluster.attrClusterArn,
      controlPanelArn: this.panel.attrControlPanelArn,
    });
  }

  /** Asserts that not two or more are on. */
  private allowOneAtATime(): void {
    new recovery.CfnSafetyRule(this, 'OneAtATime', {
      name: `holdfast-${this.environment.name}-one-at-a-time`,
      controlPanelArn: this.panel.attrControlPanelArn,
      ruleConfig: { type: 'ATLEAST', threshold: 2, inverted: true },
      assertionRule: { assertedControls: [...this.controls.values()].map((control) => control.attrRoutingControlArn), waitPeriodMs: 5000 },
    });
  }

  signsOf(region: string): TakeoverSigns {
    const control = this.controls.get(region);
    if (control === undefined) throw new Error(`${region} is no region of "${this.environment.name}": it has no routing control`);
    const check = new route53.CfnHealthCheck(this, regionTitle(region), {
      healthCheckConfig: { type: 'RECOVERY_CONTROL', routingControlArn: control.attrRoutingControlArn },
      healthCheckTags: [nameTag(this.environment, `${region} took over`)],
    });
    return { checkIds: [check.attrHealthCheckId], threshold: 1 };
  }
}
