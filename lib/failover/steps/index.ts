/** The steps of the two workflows. Each is conditional on the epoch and on the step before it, and may be repeated after a crash at any point. */
export { abort, type AbortKind, type AbortPorts } from './abort';
export { awaitStandby, repoint, switchTraffic, verify, type AwaitStandbyPorts, type RepointPorts, type SwitchPorts, type VerifyPorts } from './after-promotion';
export { approve, type ApprovePorts } from './approve';
export { drain, type DrainPorts } from './drain';
export { fence, type FencePorts } from './fence';
export { precheck, type PrecheckKind, type PrecheckPorts } from './precheck';
export { commit, promote, type PromotePorts } from './promote';
export { epochOf, executionOf, type AcceptedLoss, type FailoverRequest, type StepResult } from './run';
export { settle, takeLease, type LeasePorts } from './take-lease';
