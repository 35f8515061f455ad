import { EXIT_BY_NAME } from '../../bin/main';
import { BuildError } from '../../lab/images/namespaces';
import { UnmetRequirement } from '../../lab/images/preflight';
import { ArchiveError } from '../../lab/kubernetes/archive';
import { ChecksumError } from '../../lab/kubernetes/pinned-binaries';

const ERRORS: readonly Error[] = [
  new UnmetRequirement('not root'),
  new BuildError('failed'),
  new ArchiveError({ location: 'x', files: ['program'], variable: 'HOLDFAST_KUBERNETES', name: 'kubernetes' }, 'unreadable'),
  new ChecksumError('differs'),
];

test('every error that gets its exit code by name has that name', () =>
  expect(ERRORS.map((error) => error.name).sort()).toEqual(Object.keys(EXIT_BY_NAME).sort()));
