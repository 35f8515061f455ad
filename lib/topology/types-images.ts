/** The part of the model that pins what others publish. */

/** Digests of images that others publish, `sha256:` and 64 hexadecimal digits, beside the tags that this release names. */
export interface ImageDigests {
  /** Cluster DNS. */
  readonly coredns?: string;
  /** Argo Rollouts' controller, in environments with workloads. */
  readonly rollouts?: string;
  /** In environments with workloads. */
  readonly metricsServer?: string;
  /** Debian, on which the images stand that `cdk deploy` builds. */
  readonly base?: string;
}
