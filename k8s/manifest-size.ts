/** On AWS a chart travels as one property of a custom resource (`addCdk8sChart`); beyond this it would fail at deployment, so it fails here. */
export const MANIFEST_LIMIT_BYTES = 200_000;

/** @throws Error with the chart's name and size when its manifest, as JSON, is larger than `limit` bytes */
export const assertManifestFits = (name: string, objects: readonly object[], limit: number = MANIFEST_LIMIT_BYTES): void => {
  const size = Buffer.byteLength(JSON.stringify(objects));
  if (size > limit) throw new Error(`chart "${name}" is ${size} bytes and may have ${limit}: split it`);
};
