/** What DNS answers, for every state of health: read from templates, evaluated by Route 53's rules, verified. */
export { answer, LOAD_BALANCER_TTL, type AnswerOptions } from './answer';
export { healthOf, type Health, type ProbeResults } from './health';
export { UNKNOWN_ACCOUNT, type StackTemplate } from './intrinsics';
export { readZone, type ReadZone } from './template';
export type * from './types';
