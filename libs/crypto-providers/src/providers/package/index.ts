import { z } from 'zod';
import { defineKeyProvider } from '../../contract/key-provider-definition.js';
import { ChosenModule } from './chosen-module.js';

/** The branch while no package is chosen; its settings are the package's, so none is known here. */
const closedBranch: z.ZodType = z
  .record(z.string(), z.unknown(), { error: 'is a group of settings and takes no value of its own' })
  .meta({
    description:
      'The settings of the package that `rsaKey__provider: module:<package>` names: their names and rules are the package’s.',
  })
  .optional();

/**
 * A provider that a package brings: `rsaKey__provider: module:<package>`. Its code was loaded before its settings could
 * be read.
 */
export const packageProvider = defineKeyProvider({
  kind: 'module',
  fields: { module: closedBranch },

  choose: ({ module }, report) => {
    if (module instanceof ChosenModule) return { module };
    report(['rsaKey', 'provider'], 'names a package that was not loaded');
    return undefined;
  },

  describe: ({ module }) => module.description,
  open: ({ module }, { recordedKeyReferences, timeoutSeconds }) =>
    module.open({ recordedKeyReferences, timeoutSeconds }),
});
