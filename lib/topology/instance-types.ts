/** What a node of an EC2 instance type offers to pods. x86-64 only: the images are built for it. */

export interface NodeCapacity {
  /** Thousandths of a core that pods may request. */
  readonly cpu: number;
  /** MiB that pods may request. */
  readonly memory: number;
}

/** GiB of memory per vCPU (AWS instance type pages). */
const GIB_PER_VCPU: Readonly<Record<string, number>> = { t3: 4, c6i: 2, c7i: 2, m5: 4, m6i: 4, m7i: 4, r6i: 8, r7i: 8 };
/** vCPUs, and the most pods the VPC CNI gives addresses to (amazon-eks-ami, eni-max-pods.txt); t3 differs in the smallest sizes. */
const SIZES: Readonly<Record<string, { readonly vcpus: number; readonly maxPods: number }>> = {
  large: { vcpus: 2, maxPods: 29 },
  xlarge: { vcpus: 4, maxPods: 58 },
  '2xlarge': { vcpus: 8, maxPods: 58 },
  '4xlarge': { vcpus: 16, maxPods: 234 },
  '8xlarge': { vcpus: 32, maxPods: 234 },
};
const T3_LARGE_MAX_PODS = 35;
const T3_SIZES: readonly string[] = ['large', 'xlarge', '2xlarge'];

export const INSTANCE_TYPES: readonly string[] = Object.keys(GIB_PER_VCPU).flatMap((family) =>
  Object.keys(SIZES)
    .filter((size) => family !== 't3' || T3_SIZES.includes(size))
    .map((size) => `${family}.${size}`),
);

/** The kernel and the firmware keep a part of what the type's page promises. */
const USABLE_MEMORY = 0.97;
/** What EKS' node bootstrap keeps for the kubelet: 255 MiB + 11 MiB per pod, and 100 MiB below which it evicts. */
const reservedMemory = (maxPods: number): number => 255 + 11 * maxPods + 100;
/** What it keeps of the CPU: 6 % of the first core, 1 % of the second, 0.5 % of the next two, 0.25 % of the rest. */
const reservedCpu = (vcpus: number): number => 60 + (vcpus > 1 ? 10 : 0) + 5 * Math.min(2, Math.max(0, vcpus - 2)) + 2.5 * Math.max(0, vcpus - 4);

/** @returns undefined for a type that is not in `INSTANCE_TYPES` */
export const nodeCapacity = (instanceType: string): NodeCapacity | undefined => {
  const [family, size] = instanceType.split('.');
  const gibPerVcpu = GIB_PER_VCPU[family ?? ''];
  const shape = SIZES[size ?? ''];
  if (!INSTANCE_TYPES.includes(instanceType) || gibPerVcpu === undefined || shape === undefined) return undefined;
  const maxPods = instanceType === 't3.large' ? T3_LARGE_MAX_PODS : shape.maxPods;
  return {
    cpu: Math.floor(shape.vcpus * 1000 - reservedCpu(shape.vcpus)),
    memory: Math.floor(shape.vcpus * gibPerVcpu * 1024 * USABLE_MEMORY - reservedMemory(maxPods)),
  };
};
