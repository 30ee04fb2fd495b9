import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { Helm, helm, parseManifests } from '../lab/kubernetes/helm.js';
import { conformity, faultsOf } from '../lab/kubernetes/kubeconform.js';
import {
  breaksOfRestricted,
  type DeploymentSpec,
  only,
  podOf,
  type PodSpec,
  serviceOf,
} from '../lab/kubernetes/manifests.js';
import { kubernetesVersions } from '../lab/kubernetes/schemas.js';
import { describeIf, testIf } from '../lab/skip/skip.js';
import { valueSet, valueSets } from './value-sets.js';

const repository = resolve(import.meta.dirname, '../..');

describeIf(helm.installed, helm.reason, 'the chart', () => {
  let cli: Helm;
  beforeAll(async () => {
    cli = await Helm.open();
  });
  afterAll(() => cli.close());

  describe.each(valueSets)('with the values of ci/%s', (name) => {
    test('passes the linter, which takes warnings for errors', async () => {
      expect(await cli.lint(valueSet(name))).toBe('');
    });

    test('keeps to the Pod Security Standard `restricted`, with a read-only root', async () => {
      const manifests = await cli.render(valueSet(name));
      const pods = [podOf(manifests), only(manifests, 'Pod').spec as PodSpec];
      for (const pod of pods) {
        expect(breaksOfRestricted(pod)).toEqual([]);
        for (const { securityContext } of pod.containers)
          expect(securityContext?.['readOnlyRootFilesystem']).toBe(true);
      }
    });

    test('holds no Secret, and no hook but that of `helm test`', async () => {
      const manifests = await cli.render(valueSet(name));
      expect(manifests.filter(({ kind }) => kind === 'Secret')).toEqual([]);
      const hooks = manifests.map(({ metadata }) => metadata.annotations?.['helm.sh/hook']);
      expect(hooks.filter((hook) => hook !== undefined)).toEqual(['test']);
    });
  });

  testIf(conformity.installed, conformity.reason, 'renders what the strict schemas of Kubernetes take', async () => {
    const texts = await Promise.all(valueSets.map((name) => cli.text(valueSet(name), { release: name })));
    // Of external-secrets nothing is here; the chart has no such object of its own.
    for (const version of kubernetesVersions) {
      expect(await faultsOf(texts.join('\n---\n'), version, ['ExternalSecret'])).toBe('');
    }
  });

  test('takes the values of the guide', async () => {
    const guide = readFileSync(join(repository, 'docs/kubernetes.md'), 'utf8');
    const [, values = ''] = /^ {3}```yaml\n(.*?)^ {3}```$/ms.exec(guide) ?? [];
    expect(serviceOf(await cli.render(parse(values) as Record<string, unknown>)).image).toMatch(
      /^registry\.example\.com/,
    );
  });

  testIf(conformity.installed, conformity.reason, 'has a database for a trial, in a restricted pod', async () => {
    const text = readFileSync(join(repository, 'config/kubernetes/postgresql.yaml'), 'utf8');
    expect(await faultsOf(text, '1.31.0')).toBe('');
    const { template } = only(parseManifests(text), 'StatefulSet').spec as DeploymentSpec;
    expect(breaksOfRestricted(template.spec)).toEqual([]);
  });

  testIf(conformity.installed, conformity.reason, 'is checked by schemas that find a typo', async () => {
    const text = await cli.text(valueSet('production'));
    for (const [right, wrong] of [
      ['runAsNonRoot', 'runAsNonroot'],
      ['maxUnavailable: 1', 'maxUnavailble: 1'],
      ['scrapeTimeout', 'scrapeTimout'],
    ] as const) {
      expect(await faultsOf(text.replaceAll(right, wrong), '1.37.0')).toContain(wrong.split(':')[0]);
    }
  });
});
