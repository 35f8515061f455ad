#!/usr/bin/env bash
# The control plane (stands in for EKS') as pid 1 of its own pid and mount namespaces: killing this process is the end of all of it.
# Environment: BIN (binaries), STATE (the lab's directory), ADDRESS (its address), SERVICE_CIDR. Started by lab/kubernetes/control-plane.ts.
set -euo pipefail
umask 077
certs=$STATE/certs
logs=$STATE/logs

nice -n 5 "$BIN/etcd" --data-dir "$STATE/kubernetes-etcd" --unsafe-no-fsync --log-level error \
  --listen-client-urls http://127.0.0.1:12379 --advertise-client-urls http://127.0.0.1:12379 \
  --listen-peer-urls http://127.0.0.1:12380 --initial-advertise-peer-urls http://127.0.0.1:12380 --initial-cluster default=http://127.0.0.1:12380 \
  >>"$logs/kubernetes-etcd.log" 2>&1 &

nice -n 5 "$BIN/kube-apiserver" --etcd-servers http://127.0.0.1:12379 --bind-address 0.0.0.0 --advertise-address "$ADDRESS" --secure-port 6443 \
  --tls-cert-file "$certs/apiserver.crt" --tls-private-key-file "$certs/apiserver.key" --token-auth-file "$STATE/tokens.csv" --anonymous-auth=false \
  --authorization-mode Node,RBAC --enable-admission-plugins NodeRestriction \
  --service-account-issuer https://kubernetes.default.svc --service-account-key-file "$certs/sa.key" --service-account-signing-key-file "$certs/sa.key" \
  --service-cluster-ip-range "$SERVICE_CIDR" --profiling=false --kubelet-preferred-address-types InternalIP \
  --client-ca-file "$certs/ca.crt" --kubelet-client-certificate "$certs/kubelet-client.crt" --kubelet-client-key "$certs/kubelet-client.key" \
  --requestheader-client-ca-file "$certs/front-proxy-ca.crt" --requestheader-allowed-names front-proxy-client \
  --requestheader-username-headers X-Remote-User --requestheader-group-headers X-Remote-Group --requestheader-extra-headers-prefix X-Remote-Extra- \
  --proxy-client-cert-file "$certs/front-proxy-client.crt" --proxy-client-key-file "$certs/front-proxy-client.key" --enable-aggregator-routing=true \
  >>"$logs/kube-apiserver.log" 2>&1 &

# Ready includes the default roles, without which the others give up at once.
for _ in $(seq 300); do
  "$BIN/kubectl" --kubeconfig "$STATE/admin.kubeconfig" --request-timeout 2s get --raw /readyz >/dev/null 2>&1 && break
  sleep 0.1
done

# Autoscalers look more often than every 15 s, and believe a pod's CPU sooner than after 5 minutes; where there is none, nobody looks at all.
nice -n 5 "$BIN/kube-controller-manager" --kubeconfig "$STATE/kube-controller-manager.kubeconfig" --authentication-kubeconfig "$STATE/kube-controller-manager.kubeconfig" \
  --authorization-kubeconfig "$STATE/kube-controller-manager.kubeconfig" --bind-address 127.0.0.1 --leader-elect=false --use-service-account-credentials=true \
  --service-account-private-key-file "$certs/sa.key" --root-ca-file "$certs/ca.crt" \
  --horizontal-pod-autoscaler-sync-period 5s --horizontal-pod-autoscaler-cpu-initialization-period 20s \
  --horizontal-pod-autoscaler-initial-readiness-delay 5s >>"$logs/kube-controller-manager.log" 2>&1 &
nice -n 5 "$BIN/kube-scheduler" --kubeconfig "$STATE/kube-scheduler.kubeconfig" --authentication-kubeconfig "$STATE/kube-scheduler.kubeconfig" \
  --authorization-kubeconfig "$STATE/kube-scheduler.kubeconfig" --bind-address 127.0.0.1 --leader-elect=false >>"$logs/kube-scheduler.log" 2>&1 &
wait
