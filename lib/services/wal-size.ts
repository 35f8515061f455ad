import type { Region } from '../topology/types';

/** One part in `parts` of the volume for WAL, in whole segments of 16 MB, at least 128 MB and at most `limit` MB. */
export const walSize = (region: Region, parts: number, limit: number): string => {
  const megabytes = (region.postgres.storage * 1024) / parts;
  return `${Math.max(128, Math.min(limit, Math.floor(megabytes / 16) * 16))}MB`;
};
