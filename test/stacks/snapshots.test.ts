import { namedEnvironment, templatesOf } from './environments';

/** Hashes of what is uploaded change with CDK's own files; they say nothing about the infrastructure. */
const withoutAssetHashes = (template: unknown): unknown => JSON.parse(JSON.stringify(template).replace(/[0-9a-f]{64}/g, '<asset>'));

describe.each(['dev', 'staging', 'production'])('%s', (name) => {
  test.each([...templatesOf(namedEnvironment(name))])('%s', (_stack, template) => {
    expect(withoutAssetHashes(template.toJSON())).toMatchSnapshot();
  });
});
