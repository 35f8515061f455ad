import { buildImages } from '../../lab/images/build';
import { describeIf, imageTools } from '../support/requires';
import { describeValidators } from './validators-suite';

describeIf(imageTools, 'the programs that read the rendered configuration', () => {
  describeValidators(() => buildImages({ progress: () => undefined }));
});
