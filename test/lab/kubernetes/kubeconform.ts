import { installedTool } from '../packages/tools.ts';
import { outcomeOf } from '../processes/child-process.ts';
import type { kubernetesVersions } from './schemas.ts';

const kubeconform = installedTool('kubeconform');
const schemas = installedTool('kubernetes-schemas');

/** Whether objects can be checked here, or why not. */
export const conformity = {
  installed: kubeconform.installed && schemas.installed,
  reason: kubeconform.installed ? schemas.reason : kubeconform.reason,
};

/** What is wrong with rendered objects, by the strict schemas of a version; kinds can be left out. */
export async function faultsOf(
  manifests: string,
  version: (typeof kubernetesVersions)[number],
  leftOut: readonly string[] = [],
): Promise<string> {
  const file = '{{.ResourceKind}}{{.KindSuffix}}.json';
  const places = [schemas.file(`{{.NormalizedKubernetesVersion}}/${file}`), schemas.file(`others/${file}`)];
  const options = ['-strict', '-kubernetes-version', version, '-skip', leftOut.join(',')];
  const from = places.flatMap((place) => ['-schema-location', place]);
  const { code, stdout, stderr } = await outcomeOf(kubeconform.file('kubeconform'), [...options, ...from, '-'], {
    input: manifests,
  });
  return code === 0 ? '' : stdout + stderr;
}
