/**
 * Installs what tests start; with `cluster`, what those on a cluster start. What cannot be had here is said, and the
 * tests that need it are skipped with the reason.
 */
import { clusterTools, debianPackages, tools } from './catalogue.ts';
import { installAll } from './tool.ts';

await installAll(debianPackages, process.argv[2] === 'cluster' ? clusterTools : tools);
