/** The region's own STS, which works when the others don't; or what stands for it in a lab. */
export const stsEndpoint = (region: string, environment: NodeJS.ProcessEnv = process.env): string => {
  const given = environment['AWS_ENDPOINT_URL_STS'] ?? environment['AWS_ENDPOINT_URL'];
  return (given ?? `https://sts.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`).replace(/\/$/, '');
};
