/** What Argo Rollouts may do here: of its published rights those for what we use of it, in the one namespace that it looks at. */
import type { PolicyRule } from 'cdk8s-plus-27/lib/imports/k8s';

const READ = ['get', 'list', 'watch'];

/**
 * Not here: Secrets and ConfigMaps (analyses of ours refer to none), Deployments (`workloadRef`), Ingresses beyond looking, and every traffic router.
 * test/k8s/controllers.test.ts shows that nothing is here that its publishers don't ask for.
 */
export const IN_APPLICATIONS: PolicyRule[] = [
  { apiGroups: ['argoproj.io'], resources: ['rollouts', 'rollouts/status', 'rollouts/finalizers'], verbs: [...READ, 'update', 'patch'] },
  {
    apiGroups: ['argoproj.io'],
    resources: ['analysisruns', 'analysisruns/finalizers', 'experiments', 'experiments/finalizers'],
    verbs: ['create', ...READ, 'update', 'patch', 'delete'],
  },
  { apiGroups: ['argoproj.io'], resources: ['analysistemplates'], verbs: READ },
  { apiGroups: ['apps'], resources: ['replicasets'], verbs: ['create', ...READ, 'update', 'patch', 'delete'] },
  { apiGroups: [''], resources: ['services'], verbs: [...READ, 'patch'] },
  { apiGroups: [''], resources: ['pods'], verbs: ['list', 'update', 'watch'] },
  { apiGroups: [''], resources: ['pods/eviction'], verbs: ['create'] },
  { apiGroups: [''], resources: ['events'], verbs: ['create', 'update', 'patch'] },
  { apiGroups: ['networking.k8s.io'], resources: ['ingresses'], verbs: READ },
  { apiGroups: ['batch'], resources: ['jobs'], verbs: ['create', ...READ, 'update', 'patch', 'delete'] },
];

/** Its lease, and the settings that it looks for under these names. */
export const IN_ITS_OWN: PolicyRule[] = [
  { apiGroups: ['coordination.k8s.io'], resources: ['leases'], resourceNames: ['argo-rollouts-controller-lock'], verbs: ['get', 'update'] },
  // A name can't be required of what does not exist yet.
  { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['create'] },
  { apiGroups: [''], resources: ['configmaps'], resourceNames: ['argo-rollouts-config', 'argo-rollouts-notification-configmap'], verbs: READ },
  { apiGroups: [''], resources: ['secrets'], resourceNames: ['argo-rollouts-notification-secret'], verbs: READ },
];
