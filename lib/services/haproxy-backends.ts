/** Where requests go: the pods of one workload. */
import { checkAgainAfter } from '../topology/gateway';
import { APPLICATION_NAMESPACE } from '../topology/derive';
import type { PublicWorkload } from '../topology/gateway';
import type { Gateway } from '../topology/types';
import { ms, type Section } from './haproxy-global';

/** Pods of the next release beside those of the last one. */
const SURGE = 3;
/** A connection whose other end is silent for so long is given up: its node is dead, or cut off. */
const SILENT_SECONDS = 4;

export const backendName = ({ name }: Pick<PublicWorkload, 'name'>): string => `workload-${name}`;

const portOf = (workload: PublicWorkload): number => {
  const found = workload.ports.find(({ name }) => name === workload.public.port);
  if (found === undefined) throw new Error(`workload "${workload.name}" has no port "${workload.public.port}"`);
  return found.port;
};

/**
 * What may have been carried out is sent again only where that does no harm: a request that only reads, or one with a key by which the workload knows it again. A connection
 * that was never made is tried again for every request, on another pod.
 */
const retrying = (): readonly string[] => [
  'retries 2',
  'option redispatch 1',
  'retry-on conn-failure empty-response',
  'http-request disable-l7-retry if !{ method GET HEAD OPTIONS } !{ req.hdr(idempotency-key) -m found }',
];

/**
 * Asks every pod itself. Pods are found by the headless Service's name; one that is taken out of it gets no new requests, and finishes those that it has.
 * @throws Error when the workload has no such port (a rule refuses it)
 */
export const backend = (workload: PublicWorkload, gateway: Gateway): Section => {
  const { check, connectionsPerPod } = gateway;
  const { name, probes, scaling } = workload;
  const service = `${name}.${APPLICATION_NAMESPACE}.svc.cluster.local`;
  const checked = `check inter ${ms(check.interval)} fastinter ${ms(checkAgainAfter(check))} downinter ${ms(check.interval)} fall ${check.failures} rise 2`;
  return {
    heading: `backend ${backendName(workload)}`,
    lines: [
      'balance leastconn',
      ...retrying(),
      'option httpchk',
      `http-check send meth GET uri ${probes.readiness.path} ver HTTP/1.1 hdr host ${service}`,
      'http-check expect status 200',
      `timeout check ${ms(check.timeout)}`,
      'option srvtcpka',
      'srvtcpka-idle 1s',
      'srvtcpka-intvl 1s',
      `srvtcpka-cnt ${SILENT_SECONDS - 1}`,
      `default-server ${checked} observe layer4 error-limit 3 on-error fastinter maxconn ${connectionsPerPod} tcp-ut ${ms(SILENT_SECONDS)}`,
      `server-template pod 1-${scaling.max + SURGE} ${service}:${portOf(workload)} resolvers cluster resolve-prefer ipv4 init-addr none`,
    ],
  };
};
