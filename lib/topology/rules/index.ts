import { archiveIsBounded, backupSchedules, delayIsReal, oneCopyOfTheBackups, verificationIsWatched } from './backups';
import { CACHE_RULES } from './cache';
import { CERTIFICATE_RULES } from './certificates';
import { instanceTypeIsKnown, kubernetesIsSupported, limitsCoverRequests, nodeCounts, podsFitTheNodes } from './cluster';
import { backupsAreKept, certificatesRenewInTime, lockEndsBeforeRetention, replicationNeedsAStandby } from './data';
import {
  accountIsAnId,
  environmentName,
  oneHomeRegion,
  regionsAreDistinct,
  regionsExist,
  regionsShareAPartition,
  threeZones,
  zonesBelongToTheirRegion,
} from './identity';
import { cidrsAreCanonical, flowLogRetention, networksArePrivate, networkSizes, servicesAreOutsideVpcs, vpcsAreDisjoint } from './network';
import { archivesAreElsewhere, maintenanceIsBounded, maintenanceNames, maintenanceTasksAreDistinct, retentionIsLongEnough } from './maintenance';
import { objectivesArePositive, objectivesAreReachable } from './objectives';
import { intervalsArePositive, leaseCoversRetries, patroniFloors, patroniWholeSeconds, supervisionBeatsTheLease } from './patroni';
import { poolersServeClients, poolsFitConnections } from './pooler';
import { databaseNames, memberNamesAreUnique, parametersAreFree, parametersAreWellFormed, sharedBuffersLeaveRoom, zeroLossNeedsStrict } from './postgres';
import { electionOutlastsHeartbeats, etcdMembersAreOdd, etcdQuotaFits, membersPairWithEtcd, noZoneHoldsAMajority, standbySurvivesAZoneLoss } from './quorum';
import { rotationsEnd } from './rotation';
import { FAILOVER_RULES } from './failover';
import { DNS_RULES } from './dns';
import { DRILL_RULES } from './drills';
import { EDGE_RULES } from './edge';
import { GATEWAY_RULES } from './gateway';
import { imageDigestsAreDigests } from './images';
import type { Rule } from './rule';
import { WORKLOAD_OPERATION_RULES } from './workload-operation';
import { WORKLOAD_RULES } from './workloads';

export type { Rule } from './rule';

/** Every invariant of the model, in the order in which violations are reported. */
export const RULES: readonly Rule[] = [
  environmentName,
  accountIsAnId,
  oneHomeRegion,
  regionsExist,
  regionsAreDistinct,
  regionsShareAPartition,
  zonesBelongToTheirRegion,
  threeZones,
  cidrsAreCanonical,
  networksArePrivate,
  networkSizes,
  vpcsAreDisjoint,
  servicesAreOutsideVpcs,
  flowLogRetention,
  kubernetesIsSupported,
  instanceTypeIsKnown,
  nodeCounts,
  limitsCoverRequests,
  podsFitTheNodes,
  etcdMembersAreOdd,
  noZoneHoldsAMajority,
  electionOutlastsHeartbeats,
  etcdQuotaFits,
  membersPairWithEtcd,
  standbySurvivesAZoneLoss,
  memberNamesAreUnique,
  zeroLossNeedsStrict,
  patroniWholeSeconds,
  patroniFloors,
  leaseCoversRetries,
  supervisionBeatsTheLease,
  intervalsArePositive,
  parametersAreFree,
  parametersAreWellFormed,
  databaseNames,
  sharedBuffersLeaveRoom,
  poolsFitConnections,
  poolersServeClients,
  ...CACHE_RULES,
  certificatesRenewInTime,
  ...CERTIFICATE_RULES,
  imageDigestsAreDigests,
  rotationsEnd,
  backupsAreKept,
  lockEndsBeforeRetention,
  replicationNeedsAStandby,
  backupSchedules,
  oneCopyOfTheBackups,
  archiveIsBounded,
  verificationIsWatched,
  delayIsReal,
  maintenanceNames,
  archivesAreElsewhere,
  retentionIsLongEnough,
  maintenanceTasksAreDistinct,
  maintenanceIsBounded,
  ...GATEWAY_RULES,
  ...DNS_RULES,
  ...EDGE_RULES,
  ...FAILOVER_RULES,
  ...DRILL_RULES,
  ...WORKLOAD_RULES,
  ...WORKLOAD_OPERATION_RULES,
  objectivesArePositive,
  objectivesAreReachable,
];
