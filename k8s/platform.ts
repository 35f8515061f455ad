import type { BackupStorage } from '../lib/services/pgbackrest';

/** Everything that may differ between the lab and AWS: one small typed value. Whatever is not in here is the same on both. */
export interface Platform {
  /** Image references of our containers, with tag or digest; the optional ones only where the environment needs them. */
  readonly images: Readonly<Record<Exclude<ImageName, OptionalImageName>, string> & Partial<Record<OptionalImageName, string>>>;
  readonly imagePullPolicy: 'Always' | 'IfNotPresent' | 'Never';
  /** `ebs-gp3`: encrypted EBS volumes, made on demand; `local`: volumes that exist already on the nodes. */
  readonly storage: 'ebs-gp3' | 'local';
  /** Where passwords come from: External Secrets from AWS Secrets Manager, or Secrets that somebody else has made. */
  readonly secrets: 'aws-secrets-manager' | 'provided';
  /** Where certificates come from: cert-manager, or Secrets that somebody else has made. */
  readonly certificates: 'cert-manager' | 'provided';
  /** Where backups go: AWS' own S3 by the pods' role, or another store by keys that somebody has put into a Secret. */
  readonly backups: BackupStorage;
  /**
   * What stands at the addresses that other regions know: the nodes, to which the network routes them, an internal
   * Network Load Balancer that is given them, or nothing. Without it a standby region waits for ever, and no
   * guard runs: it could never hear the other region, and would keep a region that restarts as a whole from coming back.
   */
  readonly regionGateway: 'node-addresses' | 'aws-nlb' | 'none';
  /** Whether kubelets show certificates of the cluster's authority: those of the lab sign for themselves. */
  readonly kubelets: 'verified' | 'unverified';
  /** Where certificates of the public kind come from: an authority that everybody trusts, by the pods' own role; or a lab's, with what its programs find there. */
  readonly acme:
    | { readonly kind: 'public'; readonly topic: string | null }
    /** Variables by which certbot finds the lab's Route 53; its authorities are in the ConfigMap `acme-trust`. */
    | { readonly kind: 'lab'; readonly environment: Readonly<Record<string, string>> };
  /** Where the lease of an environment whose regions fail over is kept: AWS' own DynamoDB by the pods' role, or a store that stands in for it, of the data tier's authority. */
  readonly leaseStore: { readonly kind: 'aws' } | { readonly kind: 'emulated'; readonly endpoint: string };
}

/** `cache`: with a cache; `acme`: where certbot renews certificates; `backend`: with a workload that is the reference backend; `gateway`: where a workload is public; `rollouts` and `metricsServer`: with workloads, where no chart or add-on of their publishers brings them. */
export const OPTIONAL_IMAGE_NAMES = ['cache', 'backend', 'rollouts', 'metricsServer', 'gateway', 'acme'] as const;
type OptionalImageName = (typeof OPTIONAL_IMAGE_NAMES)[number];
export const IMAGE_NAMES = ['etcd', 'patroni', 'pgbouncer', 'agent', 'coredns', ...OPTIONAL_IMAGE_NAMES] as const;
export type ImageName = (typeof IMAGE_NAMES)[number];
