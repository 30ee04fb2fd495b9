/** A JSON schema, or a part of one. */
export type Schema = Readonly<Record<string, unknown>>;

/** An object that takes these names and no other: a typo is an error. */
export const only = (properties: Readonly<Record<string, Schema>>, ...required: string[]): Schema => ({
  type: 'object',
  additionalProperties: false,
  properties,
  ...(required.length > 0 && { required }),
});

export const text: Schema = { type: 'string' };
export const name: Schema = { type: 'string', minLength: 1 };
export const flag: Schema = { type: 'boolean' };
export const list = (items: Schema): Schema => ({ type: 'array', items });
export const oneOf = (...words: string[]): Schema => ({ type: 'string', enum: words });
export const whole = (minimum: number, maximum?: number): Schema => ({
  type: 'integer',
  minimum,
  ...(maximum !== undefined && { maximum }),
});
export const orNull = (schema: Schema): Schema => ({ anyOf: [schema, { type: 'null' }] });
/** Labels and annotations: Kubernetes takes text alone, so `true` needs quotes. */
export const textMap: Schema = { type: 'object', additionalProperties: text };
/** What Kubernetes itself checks, and has too much of to be repeated here. */
export const asInKubernetes: Schema = { type: 'object' };
const named: Schema = { type: 'object', required: ['name'], properties: { name } };
export const volumes = list(named);
export const containers = list(named);

export const port = whole(1, 65_535);
const quantity: Schema = { type: ['string', 'number'] };
const quantities: Schema = { type: 'object', additionalProperties: quantity };

export const resources = only({
  requests: quantities,
  limits: quantities,
  claims: list(only({ name, request: name }, 'name')),
});

const seconds = whole(1);
export const probe = only({
  initialDelaySeconds: whole(0),
  periodSeconds: seconds,
  timeoutSeconds: seconds,
  failureThreshold: seconds,
  successThreshold: seconds,
  terminationGracePeriodSeconds: seconds,
});

const seLinux = only({ user: text, role: text, type: text, level: text });
const profile = only({ type: oneOf('RuntimeDefault', 'Localhost', 'Unconfined'), localhostProfile: text }, 'type');
const identity = { runAsNonRoot: flag, runAsUser: whole(0), runAsGroup: whole(0), seLinuxOptions: seLinux };

export const podSecurityContext = only({
  ...identity,
  fsGroup: whole(0),
  fsGroupChangePolicy: oneOf('OnRootMismatch', 'Always'),
  supplementalGroups: list(whole(0)),
  supplementalGroupsPolicy: oneOf('Merge', 'Strict'),
  seLinuxChangePolicy: oneOf('MountOption', 'Recursive'),
  sysctls: list(only({ name, value: text }, 'name', 'value')),
  seccompProfile: profile,
  appArmorProfile: profile,
});

export const containerSecurityContext = only({
  ...identity,
  allowPrivilegeEscalation: flag,
  privileged: flag,
  procMount: text,
  readOnlyRootFilesystem: flag,
  capabilities: only({ add: list(name), drop: list(name) }),
  seccompProfile: profile,
  appArmorProfile: profile,
});

const expressions = list(only({ key: name, operator: name, values: list(text) }, 'key', 'operator'));
const selector = only({ matchLabels: textMap, matchExpressions: expressions });

export const toleration = only({
  key: text,
  operator: oneOf('Exists', 'Equal', 'Lt', 'Gt'),
  value: text,
  effect: oneOf('NoSchedule', 'PreferNoSchedule', 'NoExecute'),
  tolerationSeconds: { type: 'integer' },
});

export const topologySpread = only(
  {
    maxSkew: whole(1),
    topologyKey: name,
    whenUnsatisfiable: oneOf('DoNotSchedule', 'ScheduleAnyway'),
    labelSelector: selector,
    matchLabelKeys: list(name),
    minDomains: whole(1),
    nodeAffinityPolicy: oneOf('Honor', 'Ignore'),
    nodeTaintsPolicy: oneOf('Honor', 'Ignore'),
  },
  'maxSkew',
  'topologyKey',
  'whenUnsatisfiable',
);

export const affinity = only({
  nodeAffinity: asInKubernetes,
  podAffinity: asInKubernetes,
  podAntiAffinity: asInKubernetes,
});

const keyOf = only({ name, key: name, optional: flag }, 'name', 'key');
export const variable: Schema = {
  ...only(
    {
      name,
      value: text,
      valueFrom: only({
        secretKeyRef: keyOf,
        configMapKeyRef: keyOf,
        fieldRef: asInKubernetes,
        resourceFieldRef: asInKubernetes,
      }),
    },
    'name',
  ),
};

const source = only({ name, optional: flag }, 'name');
export const variables = only({ prefix: text, configMapRef: source, secretRef: source });

export const volumeMount = only(
  {
    name,
    mountPath: name,
    subPath: text,
    subPathExpr: text,
    readOnly: flag,
    recursiveReadOnly: text,
    mountPropagation: text,
  },
  'name',
  'mountPath',
);

const peer: Schema = {
  ...only({
    podSelector: selector,
    namespaceSelector: selector,
    ipBlock: only({ cidr: name, except: list(name) }, 'cidr'),
  }),
  minProperties: 1,
};
export const peers = list(peer);
const policyPort = only({
  port: { type: ['integer', 'string'] },
  protocol: oneOf('TCP', 'UDP', 'SCTP'),
  endPort: port,
});
export const ports = list(policyPort);
export const egress = list(only({ to: peers, ports }));

export const updateStrategy = only({
  type: oneOf('RollingUpdate', 'Recreate'),
  rollingUpdate: orNull(
    only({ maxUnavailable: { type: ['integer', 'string'] }, maxSurge: { type: ['integer', 'string'] } }),
  ),
});

export const hostAliases = list(only({ ip: name, hostnames: list(name) }, 'ip'));
export const dnsConfig = only({
  nameservers: list(name),
  searches: list(name),
  options: list(only({ name, value: text }, 'name')),
});

export const gateway = only({ group: text, kind: text, namespace: text, name, sectionName: text, port }, 'name');
