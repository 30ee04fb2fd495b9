/** An object of Kubernetes, as a chart renders it. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec?: unknown;
  readonly data?: Readonly<Record<string, string>>;
  readonly automountServiceAccountToken?: boolean;
}

/** A container, as far as tests look into it. */
export interface ContainerSpec {
  readonly name: string;
  readonly image: string;
  readonly command?: readonly string[];
  readonly env?: readonly { readonly name: string; readonly value?: string; readonly valueFrom?: unknown }[];
  readonly ports?: readonly { readonly name: string; readonly containerPort: number }[];
  readonly resources?: { readonly limits?: Readonly<Record<string, string>> };
  readonly securityContext?: Readonly<Record<string, unknown>>;
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string; readonly subPath?: string }[];
  readonly startupProbe?: Probe;
  readonly livenessProbe?: Probe;
  readonly readinessProbe?: Probe;
}

interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string; readonly scheme?: string };
}

/** A pod, as far as tests look into it. */
export interface PodSpec {
  readonly serviceAccountName?: string;
  readonly automountServiceAccountToken?: boolean;
  readonly enableServiceLinks?: boolean;
  readonly terminationGracePeriodSeconds?: number;
  readonly securityContext?: Readonly<Record<string, unknown>>;
  readonly topologySpreadConstraints?: readonly Readonly<Record<string, unknown>>[];
  readonly initContainers?: readonly ContainerSpec[];
  readonly containers: readonly ContainerSpec[];
  readonly volumes?: readonly Readonly<Record<string, unknown>>[];
}

/** A Deployment's specification, as far as tests look into it. */
export interface DeploymentSpec {
  readonly replicas?: number;
  readonly strategy: { readonly type: string };
  readonly selector: { readonly matchLabels: Readonly<Record<string, string>> };
  readonly template: {
    readonly metadata: {
      readonly labels: Readonly<Record<string, string>>;
      readonly annotations: Readonly<Record<string, string>>;
    };
    readonly spec: PodSpec;
  };
}

/** The only object of a kind, with this end of its name where there are several; throws when it is not there. */
export function only(manifests: readonly Manifest[], kind: string, end = ''): Manifest {
  const [found, ...others] = manifests.filter((each) => each.kind === kind && each.metadata.name.endsWith(end));
  if (found === undefined || others.length > 0)
    throw new Error(`There are ${others.length + (found ? 1 : 0)} ${kind}s.`);
  return found;
}

export const deploymentOf = (manifests: readonly Manifest[]): DeploymentSpec =>
  only(manifests, 'Deployment').spec as DeploymentSpec;

/** The Deployment's pod. */
export const podOf = (manifests: readonly Manifest[]): PodSpec => deploymentOf(manifests).template.spec;

/** The service's own container. */
export function serviceOf(manifests: readonly Manifest[]): ContainerSpec {
  const found = podOf(manifests).containers.find(({ name }) => name === 'key-connector');
  if (found === undefined) throw new Error('There is no container key-connector.');
  return found;
}

/** The settings file that the pods get. */
export const settingsFileOf = (manifests: readonly Manifest[]): string =>
  only(manifests, 'ConfigMap').data?.['config.yaml'] ?? '';

/** What of a pod breaks the Pod Security Standard `restricted`, by path; host access and volume types included. */
export function breaksOfRestricted(pod: PodSpec): string[] {
  const ofPod = pod.securityContext ?? {};
  const containers = [...(pod.initContainers ?? []), ...pod.containers];
  const allowed = [
    'configMap',
    'csi',
    'downwardAPI',
    'emptyDir',
    'ephemeral',
    'persistentVolumeClaim',
    'projected',
    'secret',
  ];
  const volumes = (pod.volumes ?? []).filter((volume) => !allowed.some((kind) => kind in volume));
  return [
    ...['hostNetwork', 'hostPID', 'hostIPC'].filter((name) => name in pod),
    ...volumes.map(({ name }) => `volume ${String(name)}`),
    ...containers.flatMap((container) => {
      const own = container.securityContext ?? {};
      const both = { ...ofPod, ...own };
      const holds: Readonly<Record<string, boolean>> = {
        runAsNonRoot: both['runAsNonRoot'] === true,
        runAsUser: both['runAsUser'] !== 0,
        seccompProfile: JSON.stringify(both['seccompProfile']) === '{"type":"RuntimeDefault"}',
        allowPrivilegeEscalation: own['allowPrivilegeEscalation'] === false,
        privileged: own['privileged'] !== true,
        capabilities: JSON.stringify(own['capabilities']) === '{"drop":["ALL"]}',
        hostPort: !(container.ports ?? []).some((port) => 'hostPort' in port),
      };
      return Object.keys(holds)
        .filter((rule) => holds[rule] === false)
        .map((rule) => `${container.name}: ${rule}`);
    }),
  ];
}
