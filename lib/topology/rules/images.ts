import type { ImageDigests } from '../types';
import { rule, when, type Rule } from './rule';

const DIGEST = /^sha256:[0-9a-f]{64}$/;

export const imageDigestsAreDigests: Rule = rule(
  'image-digests-are-digests',
  'Images of others are pinned by their digests, as their registries give them.',
  ({ imageDigests }) =>
    (Object.keys(imageDigests) as (keyof ImageDigests)[]).flatMap((name) =>
      when(!DIGEST.test(imageDigests[name] ?? ''), () => ({
        path: `imageDigests.${name}`,
        given: JSON.stringify(imageDigests[name]),
        allowed: 'sha256: and 64 hexadecimal digits',
        fix: 'take it from `docker buildx imagetools inspect <image>`, which `holdfast synth` names',
      })),
    ),
);
