import { createHmac, randomBytes } from 'node:crypto';
import { type UserId, userIdBytes } from '@key-connector/common';

/** 32-bit words of what is kept of a key, and of a member's id: 16 bytes each. */
const words = 4;

/** Slots at the begin; a power of two. */
const fewest = 1024;

/**
 * Remembers which member has which key, as a keyed hash of it: enough to tell that two members have the same one, and
 * useless to anybody else. Takes 40 to 80 bytes a key, in a few blocks: a million keys are no burden.
 */
export class KnownKeys {
  private readonly secret = randomBytes(32);
  /** Hash and owner of each key, in the order in which they came. */
  private entries = new Uint32Array(fewest * words);
  /** By the hash: the number of an entry and one, 0 where there is none; open addressing, at most half full. */
  private slots = new Uint32Array(fewest);
  private count = 0;

  /** Takes note of a member's key; gives another member who has the same one. The key stays the caller's, to wipe. */
  add(owner: UserId, key: Uint8Array): UserId | undefined {
    const hash = createHmac('sha256', this.secret).update(key).digest();
    const entry = new Uint32Array(2 * words);
    for (let word = 0; word < words; word += 1) entry[word] = hash.readUInt32LE(word * 4);
    const id = userIdBytes(owner);
    for (let word = 0; word < words; word += 1) entry[words + word] = id.readUInt32LE(word * 4);
    const slot = this.slotOf(entry);
    const known = this.slots[slot] ?? 0;
    if (known !== 0) return this.ownerOf(known - 1, owner);
    this.entries.set(entry, this.count * 2 * words);
    this.count += 1;
    this.slots[slot] = this.count;
    if (this.count * 2 > this.slots.length - 1) this.grow();
    return undefined;
  }

  /** The slot of the entry with this hash, or the free one where it belongs. */
  private slotOf(entry: Uint32Array): number {
    const mask = this.slots.length - 1;
    let slot = (entry[0] ?? 0) & mask;
    for (;;) {
      const known = this.slots[slot] ?? 0;
      if (known === 0 || this.hasHash(known - 1, entry)) return slot;
      slot = (slot + 1) & mask;
    }
  }

  private hasHash(number: number, entry: Uint32Array): boolean {
    const at = number * 2 * words;
    for (let word = 0; word < words; word += 1) if (this.entries[at + word] !== entry[word]) return false;
    return true;
  }

  private ownerOf(number: number, self: UserId): UserId | undefined {
    const bytes = Buffer.alloc(16);
    for (let word = 0; word < words; word += 1)
      bytes.writeUInt32LE(this.entries[number * 2 * words + words + word] ?? 0, word * 4);
    const text = bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
    return text === self ? undefined : (text as UserId);
  }

  private grow(): void {
    const entries = new Uint32Array(this.entries.length * 2);
    entries.set(this.entries);
    this.entries = entries;
    this.slots = new Uint32Array(this.slots.length * 2);
    for (let number = 0; number < this.count; number += 1) {
      const entry = this.entries.subarray(number * 2 * words, (number + 1) * 2 * words);
      this.slots[this.slotOf(entry)] = number + 1;
    }
  }
}
