#!/usr/bin/env bash
# One node (containerd, kubelet, kube-proxy) as pid 1 of its own pid, mount, uts and ipc namespaces, in its host's network namespace:
# killing this process is losing the machine. Configuration files are written by lab/kubernetes/node.ts, which also starts it.
# Environment: BIN, STATE (the lab's directory), NODE, NODE_DIR, NODE_IP, CGROUP, ZONE, REGION.
set -euo pipefail
hostname "$NODE"

# The machine's sysctls stay as they are: /proc/sys is read-only but for net (which belongs to the namespace); six that the kubelet writes get private files.
mount --bind /proc/sys /proc/sys
mount --bind /proc/sys/net /proc/sys/net
mount -o remount,bind,ro /proc/sys
mkdir -p "$NODE_DIR/sysctl"
for name in vm/overcommit_memory vm/panic_on_oom kernel/panic kernel/panic_on_oops kernel/keys/root_maxkeys kernel/keys/root_maxbytes; do
  copy=$NODE_DIR/sysctl/${name//\//_}
  cat "/proc/sys/$name" >"$copy"
  mount --bind "$copy" "/proc/sys/$name"
done
for directory in /run /var/log /var/lib; do mount -t tmpfs tmpfs "$directory"; done
mkdir -p /run/lock /var/lib/cni /var/log/pods /var/lib/kubelet
echo 1 >/proc/sys/net/ipv4/ip_forward

# The database's volume has a size of its own, so that a full disk is a full disk.
mount -o loop "$NODE_DIR/volumes/postgres.ext4" "$NODE_DIR/volumes/postgres"

if [ -e /sys/fs/cgroup/cgroup.controllers ]; then # cgroup v2
  mkdir -p "/sys/fs/cgroup/$CGROUP"
  for controller in cpuset cpu io memory pids; do echo "+$controller" >/sys/fs/cgroup/cgroup.subtree_control; done
else
  for controller in /sys/fs/cgroup/*/; do
    case $controller in */unified/) continue ;; esac
    mkdir -p "$controller/$CGROUP"
  done
  for f in cpus mems; do cat "/sys/fs/cgroup/cpuset/cpuset.$f" >"/sys/fs/cgroup/cpuset/$CGROUP/cpuset.$f"; done
fi

containerd --config "$NODE_DIR/containerd.toml" --log-level warn >>"$STATE/logs/containerd-$NODE.log" 2>&1 &
for _ in $(seq 200); do
  [ -S /run/containerd/containerd.sock ] && break
  sleep 0.05
done
# As systemd does on a real node: a kubelet that ends (containerd has not yet recovered its containers, say) is started again.
while :; do
  "$BIN/kubelet" --config "$NODE_DIR/kubelet.yaml" --kubeconfig "$STATE/$NODE.kubeconfig" --root-dir "$NODE_DIR/kubelet" --hostname-override "$NODE" --node-ip "$NODE_IP" \
    --node-labels "topology.kubernetes.io/zone=$ZONE,topology.kubernetes.io/region=$REGION" -v 1 >>"$STATE/logs/kubelet-$NODE.log" 2>&1 || true
  sleep 0.5
done &
"$BIN/kube-proxy" --config "$NODE_DIR/kube-proxy.yaml" >>"$STATE/logs/kube-proxy-$NODE.log" 2>&1 &
wait
