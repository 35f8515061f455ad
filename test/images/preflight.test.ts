import { tmpdir } from 'node:os';
import { requirePrograms, requireSpace, UnmetRequirement } from '../../lab/images/preflight';

describe('what a machine lacks is said before anything is done', () => {
  test('missing programs, all at once, with what installs them', () => {
    expect(() => requirePrograms(['sh', 'no-such-one', 'no-such-two'])).toThrow(
      new UnmetRequirement('missing programs: no-such-one, no-such-two; fix: run scripts/host-packages.sh as root (it installs them with apt)'),
    );
    expect(() => requirePrograms(['sh'])).not.toThrow();
  });

  test('disk space: how much is needed, how much there is, where', () => {
    expect(() => requireSpace(tmpdir(), 1e9, 'building images')).toThrow(
      /^building images needs 1000000000 GiB of free disk space in .*; there are [\d.]+; fix: .*XDG_CACHE_HOME/,
    );
    expect(() => requireSpace(tmpdir(), 0, 'nothing')).not.toThrow();
  });
});
