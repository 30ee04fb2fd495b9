/**
 * Installs what tests start. What cannot be had here is said, and the tests that need it are skipped with the reason.
 */
import { debianPackages, tools } from './catalogue.ts';
import { installAll } from './tool.ts';

await installAll(debianPackages, tools);
