import { z } from 'zod';
import { KeyProviderMisconfigured } from '../../contract/key-provider.errors.js';
import { ChosenModule } from './chosen-module.js';
import type { LoadedModule } from './load-module.js';
import { classAndPlace } from './package-fault.js';
import { ruleOfIssue } from './rule-of-issue.js';

/** The branch while no package is chosen; its settings are the package's, so none is known here. */
export const closedModuleBranch: z.ZodType = z
  .record(z.string(), z.unknown(), { error: 'is a group of settings and takes no value of its own' })
  .meta({
    description:
      'The settings of the package that `rsaKey__provider: module:<package>` names: their names and rules are the package’s.',
  })
  .optional();

/** `rsaKey__module__*` of a package: fields of ours for the names, its own schema for the values. */
export function moduleSettingsSchema(module: LoadedModule): z.ZodType<ChosenModule> {
  return z
    .strictObject(module.fields)
    .prefault({})
    .transform((given, context): ChosenModule => {
      const report = (path: readonly string[], message: string): never => {
        context.addIssue({ code: 'custom', path: [...path], message });
        return z.NEVER;
      };
      try {
        const result = module.provider.settings['~standard'].validate(given);
        if (result instanceof Promise)
          return report([], `cannot be checked: the schema of ${module.name} is asynchronous`);
        if (result.issues === undefined) return new ChosenModule(module, given, result.value);
        for (const { path = [], message } of result.issues) {
          const [first] = path;
          const name = String(typeof first === 'object' ? first.key : (first ?? ''));
          report(Object.hasOwn(module.fields, name) ? [name] : [], ruleOfIssue(module, given, name, message));
        }
        return z.NEVER;
      } catch (error) {
        if (error instanceof KeyProviderMisconfigured) return report([], error.message);
        return report([], `cannot be checked: the schema of ${module.name} throws (${classAndPlace(error)})`);
      }
    });
}
