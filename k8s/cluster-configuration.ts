import type { Container, VolumeMount } from 'cdk8s-plus-27/lib/imports/k8s';
import { PATRONI_CONFIG_DIR } from '../lib/services/paths';
import { DYNAMIC_CONFIGURATION_FILE, PATRONI_CONFIG_FILE } from '../lib/services/patroni';
import type { ChartContext } from './data-chart';
import { container, resources } from './pods';
import { FOLLOWING_START_TIMEOUT } from '../lib/failover/region-role';

/**
 * What Patroni keeps in etcd (lease, synchronous mode, max_connections ...) is taken from the file only when a cluster is made; a change of the model would be
 * ignored ever after, silently. So each pod, before its Patroni starts, merges the rendered settings into what is there; the first pod of a rollout does it for all.
 * Settings that others keep there (a pause, a standby cluster) stay. It waits for etcd, as Patroni would; the write is refused if somebody else's came between,
 * and tried again.
 *
 * A region that follows another one has no primary to hand over: with `primary_start_timeout` 0 its leader would give up the lock whenever it has been rewound, and
 * the next one with it, each rewinding over the link (86 s until a region was whole). A promotion sets it back (lib/failover/region-role.ts).
 */
const SCRIPT = `patroni="timeout 15 patronictl -c ${PATRONI_CONFIG_DIR}/${PATRONI_CONFIG_FILE}"
while :; do
  follows=
  if $patroni show-config 2>/dev/null | grep -q '^standby_cluster:'; then follows='--set primary_start_timeout=${FOLLOWING_START_TIMEOUT}'; fi
  if said=$($patroni edit-config --force --quiet --apply ${PATRONI_CONFIG_DIR}/${DYNAMIC_CONFIGURATION_FILE} $follows 2>&1); then
    echo "\${said:-nothing to change}"
    exit 0
  fi
  case $said in *'config key does not exist'*)
    echo 'a new cluster: it is made with these settings'
    exit 0 ;;
  esac
  echo "$said" >&2
  sleep 1
done`;

export const mergeClusterConfiguration = ({ region, platform }: ChartContext, volumeMounts: VolumeMount[]): Container =>
  container({
    name: 'cluster-configuration',
    image: platform.images.patroni,
    imagePullPolicy: platform.imagePullPolicy,
    command: ['sh', '-c', SCRIPT],
    resources: resources(region.postgres.resources),
    volumeMounts,
  });
