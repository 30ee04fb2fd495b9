export { catalogue } from './catalogue.js';
export type { HttpSettings } from './http.settings.js';
export type { KnownSetting } from './known-setting.js';
export { loadSettings } from './load-settings.js';
export { useProxies } from './proxies.js';
export { redact } from './redact.js';
export { SettingsInvalid } from './settings-invalid.error.js';
export { Settings } from './settings.js';
