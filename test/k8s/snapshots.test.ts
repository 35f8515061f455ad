import { AWS, environmentNamed, homeManifests, LAB } from './fixtures';

const production = homeManifests(environmentNamed('production'), AWS);
const lab = homeManifests(environmentNamed('lab'), LAB);

test.each(production.map(({ name, yaml }) => [name, yaml]))('production on AWS, chart %s', (_name, yaml) => expect(yaml).toMatchSnapshot());
test.each(lab.map(({ name, yaml }) => [name, yaml]))('lab on the lab, chart %s', (_name, yaml) => expect(yaml).toMatchSnapshot());
