import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { tempFolder } from '../files/temp-folder.ts';
import { run } from '../processes/child-process.ts';

/** The oldest Kubernetes that the chart takes, and the newest whose schemas there are. */
export const kubernetesVersions = ['1.31.0', '1.37.0'] as const;

/** Go modules that bring the definitions of objects beside Kubernetes' own, and where in them these lie. */
const definitions = [
  ['sigs.k8s.io/gateway-api@v1.4.1', 'config/crd/standard/gateway.networking.k8s.io_httproutes.yaml'],
  [
    'github.com/prometheus-operator/prometheus-operator@v0.85.0',
    'example/prometheus-operator-crd/monitoring.coreos.com_servicemonitors.yaml',
  ],
] as const;

interface JsonSchema {
  [keyword: string]: unknown;
  properties?: Record<string, JsonSchema>;
}

interface Definition {
  readonly spec: {
    readonly group: string;
    readonly names: { readonly kind: string };
    readonly versions: readonly { readonly name: string; readonly schema: { readonly openAPIV3Schema: JsonSchema } }[];
  };
}

/**
 * Makes the folder of schemas that kubeconform checks by: one folder for each version of Kubernetes, out of the package
 * kubernetes-validate in `environment`, and one for what the modules define.
 */
export async function makeSchemas(environment: string, folder: string): Promise<void> {
  const [library = ''] = await readdir(join(environment, 'lib'));
  const source = join(environment, 'lib', library, 'site-packages/kubernetes_validate/kubernetes-json-schema');
  for (const version of kubernetesVersions) {
    const target = join(folder, `v${version}`);
    await mkdir(target, { recursive: true });
    const strict = join(source, `v${version}-local-strict`);
    for (const file of await readdir(strict)) await writeFile(join(target, file), await relative(join(strict, file)));
  }
  await mkdir(join(folder, 'others'));
  for (const [module, file] of definitions) await writeDefinition(module, file, join(folder, 'others'));
}

/** By their addresses they would be looked for on the internet. */
async function relative(file: string): Promise<string> {
  const schema = JSON.parse(await readFile(file, 'utf8')) as JsonSchema;
  return JSON.stringify({ ...schema, $id: undefined }).replaceAll('"/api/_definitions.json', '"_definitions.json');
}

async function writeDefinition(module: string, file: string, folder: string): Promise<void> {
  const draft = await tempFolder('module');
  try {
    // Outside of any module: what is asked for is not resolved together with another.
    const env = { ...process.env, GOTOOLCHAIN: 'local', GOFLAGS: '-mod=mod' };
    const told = await run('go', ['mod', 'download', '-json', module], { env, cwd: draft.path });
    const { Dir: home } = JSON.parse(told.slice(told.indexOf('{'))) as { Dir: string };
    const { spec } = parse(await readFile(join(home, file), 'utf8')) as Definition;
    const [group = ''] = spec.group.split('.');
    for (const { name, schema } of spec.versions) {
      const path = join(folder, `${spec.names.kind.toLowerCase()}-${group}-${name}.json`);
      await writeFile(path, JSON.stringify(closed(schema.openAPIV3Schema)));
    }
  } finally {
    await draft.remove();
  }
}

/** As the API server reads it in strict mode: a name that a schema does not have is an error. */
function closed(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(closed);
  if (typeof node !== 'object' || node === null) return node;
  const schema = Object.fromEntries(Object.entries(node).map(([key, value]) => [key, closed(value)])) as JsonSchema;
  const open = schema['x-kubernetes-preserve-unknown-fields'] === true || 'additionalProperties' in schema;
  return schema['type'] === 'object' && schema.properties !== undefined && !open
    ? { ...schema, additionalProperties: false }
    : schema;
}
