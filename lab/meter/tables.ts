/** What the meters write: rows named by who wrote them and when it was its turn. */
export const METER_TABLE = 'holdfast_meter';
/** Written inside each node with local commits; its rows may be lost, it only tells who accepts commits. */
export const PROBE_TABLE = 'holdfast_probe';
