/** What the runner tells the prober. */
export interface ProberConfiguration {
  readonly nodes: readonly { readonly zone: string; readonly cgroup: string }[];
  readonly database: string;
  readonly superuser: string;
  readonly password: string;
  readonly everySeconds: number;
}
