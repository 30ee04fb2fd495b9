import { parseUserId, type UserId } from '@key-connector/common';
import { KeyRing } from '@key-connector/key-ring';
import { RingChanges } from '@key-connector/key-ring/changes';
import type { INestApplicationContext } from '@nestjs/common';
import { InvalidArgumentError } from 'commander';

/** Reads a member's id, which is the `sub` of their tokens. */
export function memberId(text: string): UserId {
  const id = parseUserId(text);
  if (id === undefined) throw new InvalidArgumentError('It must be a GUID, as the member’s tokens have it in sub.');
  return id;
}

/**
 * Loads the ring, for a command that seals or opens. Throws RingChangeRefused where no manifest counts: to take a
 * classic deployment over is for a start of the service, and for `ring adopt`.
 */
export async function loadRing(context: INestApplicationContext): Promise<void> {
  await context.get(RingChanges).look();
  await context.get(KeyRing).load();
}
