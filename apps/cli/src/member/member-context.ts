import { parseUserId, type UserId } from '@key-connector/common';
import { Database } from '@key-connector/database';
import { KeyRing } from '@key-connector/key-ring';
import { MemberKeys } from '@key-connector/user-keys';
import type { INestApplicationContext } from '@nestjs/common';
import { InvalidArgumentError } from 'commander';

/** Reads a member's id, which is the `sub` of their tokens. */
export function memberId(text: string): UserId {
  const id = parseUserId(text);
  if (id === undefined) throw new InvalidArgumentError('It must be a GUID, as the member’s tokens have it in sub.');
  return id;
}

/** What a command does with a member's keys: connected, and without a key provider. */
export async function connectedMembers(context: INestApplicationContext): Promise<MemberKeys> {
  await context.get(Database).connect();
  return context.get(MemberKeys);
}

/** The same, with the ring loaded: only once something of the member was found, so that no ring is made in an empty place. */
export async function loadRing(context: INestApplicationContext): Promise<void> {
  await context.get(KeyRing).load();
}
