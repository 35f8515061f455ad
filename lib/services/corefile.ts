/** What runs where no image of our own does; the lab runs the same version. */
export const COREDNS_IMAGE = 'registry.k8s.io/coredns/coredns:v1.14.3';

/** CoreDNS listens above 1024: it needs no capability then. The Service maps 53 to it. */
export const DNS_PORT = 5353;
export const DNS_HEALTH_PORT = 8080;
export const DNS_READY_PORT = 8181;

/**
 * The Corefile of the cluster DNS, one instance per node.
 *
 * Cluster names are answered from the informer's memory: no cache in front of it, so that a member that returns with a new address is found at once, and names
 * keep resolving while the API server is away. Everything else goes to the node's resolver, and an answer that can't be refreshed is served stale for an hour.
 * The node's resolv.conf must not point at the cluster DNS itself.
 */
export const corefile = (): string => `cluster.local:${DNS_PORT} in-addr.arpa:${DNS_PORT} ip6.arpa:${DNS_PORT} {
    errors
    health :${DNS_HEALTH_PORT}
    ready :${DNS_READY_PORT}
    kubernetes cluster.local in-addr.arpa ip6.arpa {
        ttl 2
        fallthrough in-addr.arpa ip6.arpa
    }
    forward . /etc/resolv.conf
    loadbalance
}
.:${DNS_PORT} {
    errors
    cache 30 {
        serve_stale 1h
    }
    forward . /etc/resolv.conf {
        max_concurrent 1000
    }
}
`;
