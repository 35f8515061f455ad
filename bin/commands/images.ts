import type { Command } from 'commander';
import { EXIT, ExpectedError } from '../exit';
import { notice, printJson, columns, print } from '../terminal';

const build = async (options: { readonly json?: boolean }): Promise<void> => {
  const [{ buildImages }, { whyNoLab }] = await Promise.all([import('../../lab/images/build'), import('../../lab/requirements')]);
  const reason = whyNoLab();
  if (reason !== undefined) throw new ExpectedError(reason, EXIT.notPossible);
  const images = Object.values(await buildImages({ progress: notice }));
  if (options.json === true) {
    printJson(images.map(({ name, reference, archive, hash }) => ({ name, reference, archive, hash })));
    return;
  }
  print(columns(images.map((image) => [image.name, image.reference, image.archive])).join('\n'));
};

export const registerImages = (program: Command): void => {
  program
    .command('images')
    .description('the container images of what the charts run')
    .command('build')
    .description('build the Dockerfiles in images/ without a Docker engine; what has not changed is taken from the cache')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExample: holdfast images build\nExit codes: 0 built or in the cache, 1 a build failed, 3 not possible on this machine')
    .action(build);
};
