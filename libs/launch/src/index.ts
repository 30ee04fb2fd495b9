// First, and before anything that an old Node does not understand.
import './check-node.js';
export { launch } from './launch.js';
