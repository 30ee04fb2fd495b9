/** The package cannot be used; the message ends the sentence `rsaKey__provider: …` and holds no value of a setting. */
export class ModuleUnusable extends Error {}
