export { deploymentsWith, environmentOf } from './canaries.js';
