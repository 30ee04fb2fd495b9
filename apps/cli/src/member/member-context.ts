import { parseUserId, type UserId } from '@key-connector/common';
import { KeyRing } from '@key-connector/key-ring';
import type { INestApplicationContext } from '@nestjs/common';
import { InvalidArgumentError } from 'commander';

/** Reads a member's id, which is the `sub` of their tokens. */
export function memberId(text: string): UserId {
  const id = parseUserId(text);
  if (id === undefined) throw new InvalidArgumentError('It must be a GUID, as the member’s tokens have it in sub.');
  return id;
}

/** Loads the ring: only once something of the member was found, so that no ring is made in an empty place. */
export async function loadRing(context: INestApplicationContext): Promise<void> {
  await context.get(KeyRing).load();
}
