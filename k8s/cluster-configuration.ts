import type { Container, VolumeMount } from 'cdk8s-plus-27/lib/imports/k8s';
import { PATRONI_CONFIG_DIR } from '../lib/services/paths';
import { DYNAMIC_CONFIGURATION_FILE, PATRONI_CONFIG_FILE } from '../lib/services/patroni';
import type { ChartContext } from './data-chart';
import { container, resources } from './pods';

/**
 * What Patroni keeps in etcd (lease, synchronous mode, max_connections ...) is taken from the file only when a cluster is made; a change of the model would be
 * ignored ever after, silently. So each pod, before its Patroni starts, merges the rendered settings into what is there; the first pod of a rollout does it for all.
 * Settings that others keep there (a pause, a standby cluster) stay. It waits for etcd, as Patroni would; the write is refused if somebody else's came between,
 * and tried again.
 */
const SCRIPT = `while :; do
  if said=$(timeout 15 patronictl -c ${PATRONI_CONFIG_DIR}/${PATRONI_CONFIG_FILE} edit-config --force --quiet --apply ${PATRONI_CONFIG_DIR}/${DYNAMIC_CONFIGURATION_FILE} 2>&1); then
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
