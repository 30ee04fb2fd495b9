import { z } from 'zod';
import { KeyProviderMisconfigured } from '../../contract/key-provider.errors.js';
import { ChosenModule } from './chosen-module.js';
import type { LoadedModule } from './load-module.js';
import { classAndPlace } from './package.errors.js';
import { descriptionOf, isSecret, type PackageValues } from './settings-fields.js';

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

/**
 * Text of a value that is not secret, and this short, says little: `must be at least 10` may stand beside the value 1.
 */
const harmlessLength = 3;

/** What a package's schema asks of a setting, without the values that some libraries repeat. */
function ruleOfIssue(
  { name: packageName, fields }: LoadedModule,
  given: PackageValues,
  setting: string,
  message: string,
): string {
  const field = fields[setting];
  if (field !== undefined && given[setting] === undefined) return `is required: ${descriptionOf(field)}`;
  const repeats = Object.entries(given).some(([name, value = []]) => {
    const least = isSecret(fields[name]) ? 0 : harmlessLength;
    return [value].flat().some((text) => text.length > least && message.includes(text));
  });
  if (repeats) return `is not what ${packageName} accepts; its message repeats a value, so it is not shown`;
  return message.split('\n', 1)[0]?.slice(0, 200) ?? '';
}
