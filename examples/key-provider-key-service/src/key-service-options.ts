import type { KeyServiceSettings } from './key-service.settings.js';

/** The settings, and how long one answer may take. */
export interface KeyServiceOptions extends KeyServiceSettings {
  readonly timeoutSeconds: number;
}

export const KEY_SERVICE_OPTIONS = Symbol('KEY_SERVICE_OPTIONS');
