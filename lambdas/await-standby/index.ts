/** The region that was handed over follows and has caught up: it could take over again. */
import { awaitStandby } from '../../lib/failover/steps/after-promotion';
import { clock } from '../aws/clock';
import { regionDoors } from '../runtime/doors';
import { onSteps } from '../runtime/handler';
import { selfFromEnvironment, settingsFromEnvironment } from '../runtime/settings';

const settings = settingsFromEnvironment();
const ports = { region: regionDoors(settings, selfFromEnvironment()), clock };

/** The precheck has said which region had the lease before. A run that was taken up again does not know it: then every other region has to follow. */
const standbysOf = (run: Readonly<Record<string, unknown>>): readonly string[] => {
  const { precheck } = run as { readonly precheck?: { readonly details?: { readonly source?: unknown } } };
  const source = precheck?.details?.source;
  return typeof source === 'string' ? [source] : settings.regions.map((region) => region.name).filter((name) => name !== settings.target);
};

export const handler = onSteps(settings, {
  'await-standby': async ({ request, run }) => {
    const results = await Promise.all(standbysOf(run).map((standby) => awaitStandby(settings, ports, request, standby)));
    return { kind: 'follows', because: results.map((result) => result.because).join('; '), details: {} };
  },
});
