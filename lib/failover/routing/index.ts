/** What DNS answers, for every state of health: read from templates, evaluated by Route 53's rules, verified. */
export { answer, RecordIndex, LOAD_BALANCER_TTL, type AnswerOptions } from './answer';
export { controlName, expectationOf, switchObjectUrl, type Expectation } from './expectation';
export { healthOf, type Health, type ProbeResults } from './health';
export { UNKNOWN_ACCOUNT, type StackTemplate } from './intrinsics';
export { readZone, type ReadZone } from './template';
export { dnsTree, preferenceHost, regionTitle, standbysOf, type DnsTree, type TreeRecord } from './tree';
export type * from './types';
export { verifyRouting, type Verification } from './verify';
export { violationText, type RoutingViolation } from './violation';
