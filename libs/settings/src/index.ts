export { catalogue, type KnownSetting } from './catalogue.js';
export { envFileWarning, type Environment, processEnvironment } from './environment.js';
export type { HttpSettings } from './http.settings.js';
export { type Listening, loadListening } from './listening.js';
export { loadSettings } from './load-settings.js';
export { useProxies } from './proxies.js';
export { SettingsInvalid } from './settings.errors.js';
export { type SecretFiles, Settings } from './settings.js';
