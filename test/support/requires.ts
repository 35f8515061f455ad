/** Tests that need more than Node.js: they are skipped with the reason where the machine lacks it, and with CI=true they fail instead, so that no skip goes unseen. */
import { findProgram } from '../../lab/images/preflight';

/** undefined: the requirement is met; otherwise why it is not. */
export type Requirement = () => string | undefined;

export const root: Requirement = () => {
  if (process.platform !== 'linux') return `needs Linux, this is ${process.platform}`;
  return process.getuid?.() === 0 ? undefined : 'needs root';
};

export const programs =
  (...names: readonly string[]): Requirement =>
  () => {
    const missing = names.filter((name) => findProgram(name) === undefined);
    return missing.length === 0 ? undefined : `needs ${missing.join(', ')}`;
  };

/** The programs with which images are built and run; scripts/host-packages.sh installs them. */
export const imageTools: Requirement = () => root() ?? programs('buildah', 'debootstrap', 'containerd', 'ctr', 'unshare', 'setpriv', 'flock')();

/** `describe`, if the requirement is met. */
export const describeIf = (requirement: Requirement, name: string, fn: () => void): void => {
  const reason = requirement();
  if (reason === undefined) {
    describe(name, fn);
  } else if (process.env.CI === 'true') {
    describe(name, () => {
      test('runs on this machine', () => {
        throw new Error(`skipped tests are failures with CI=true: ${reason}`);
      });
    });
  } else {
    describe.skip(`${name} (skipped: ${reason})`, fn);
  }
};
