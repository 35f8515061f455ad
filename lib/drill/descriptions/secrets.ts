/** What the drills of secrets do. */
import type { SecretScenario } from '../../topology/scenarios';
import type { ProcedureDescriptions } from './procedure';

export const SECRET_DRILLS: ProcedureDescriptions<SecretScenario> = {
  'rotate-secrets': () => ({
    title: 'every credential is rotated while clients of database and cache write; one rotation is killed half-way and resumed',
    scenario: 'Two versions are good during the change; clients move to the new one, nobody is cut off, and the old one is refused in the end.',
    requirements: ['PW-8'],
    planned: true,
    procedure: [
      'clients write and read through the poolers and at every shard of the cache, and log in anew when their credentials change',
      'a rotation of the database or of the cache is killed (SIGKILL) after its first step or after the new ones are in use, as the seed decides',
      'another rotation is refused while that one is unfinished; `--resume` ends it',
      'everything else that can be rotated is rotated',
      'the old passwords are refused at every pooler, every member and every node of the cache',
    ],
    healthyDeadlineSeconds: 60,
    longestFaultSeconds: 300,
  }),
  'credentials-compromised': () => ({
    title: 'an attacker has the credentials and keeps using them; everything is rotated at once',
    scenario: 'Old credentials are refused everywhere, their sessions end, and what was done with them since a given time is listed.',
    requirements: ['PW-8'],
    planned: true,
    procedure: [
      "the application's and the standbys' logins are copied; somebody logs in with them at every pooler and member, five times a second, and keeps a session",
      'the same at every node of the cache, as the application and as the operator, once a second',
      '`holdfast rotate --compromised`: the old version ends as soon as the new one is in use',
      'the last login that succeeded with the old credentials is timed; the kept session must have ended',
      '`holdfast audit --since` must list the uses',
    ],
    healthyDeadlineSeconds: 60,
    longestFaultSeconds: 300,
  }),
};
