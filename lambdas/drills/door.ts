/** Who the primary is, by the word of the home region's doors. */
import { isWritable, type RegionSight } from '../../lib/failover/region-observation';

/** @throws Error when there is no writable primary, or not exactly one */
export const primaryOf = ({ name, members }: RegionSight): string => {
  const primaries = members.filter(isWritable).map((member) => member.name);
  const [only, ...more] = primaries;
  if (only === undefined || more.length > 0)
    throw new Error(`${name} has ${primaries.length} writable primaries: ${primaries.join(', ') || 'none'}; a drill needs exactly one`);
  return only;
};
