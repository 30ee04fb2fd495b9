import { isIP } from 'node:net';

/** Letters of any script: a name may be an international one. Compose and Kubernetes have names with `_`. */
const name = /^[\p{L}\p{N}_](?:[\p{L}\p{M}\p{N}._-]*[\p{L}\p{M}\p{N}_.])?$/u;

/**
 * Whether a text can be a host: a name or an address. What cannot is not asked a name server for, and not logged: it
 * may be the tail of a password.
 */
export const isHost = (text: string): boolean => name.test(text) || isIP(text) !== 0;

/** Whether a text in place of a host is the path of a Unix socket, or of its folder. */
export const isSocketPath = (text: string): boolean => /^\/\P{Cc}*$/u.test(text);
