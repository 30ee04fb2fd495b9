import { randomUUID } from 'node:crypto';
import type { Member } from './member.js';

/** Makes an access token of the deployment's identity server with these claims. */
export type IssueToken = (claims: Record<string, unknown>) => string;

/** What the routes of the stand-in share: its members, its switches, its tokens. */
export class BitwardenState {
  /** Feature flags that clients read at start. */
  featureStates: Readonly<Record<string, boolean>> = {};

  /** Members who are told what was so before another device of theirs enrolled: they signed in on this one earlier. */
  readonly signedInBefore = new Set<Member>();

  /** Where clients come back to; known once the server listens. */
  url = '';

  private readonly members = new Map<string, Member>();
  private readonly bearers = new Map<string, Member>();

  constructor(
    /** Where clients are told to find the key connector. */
    public keyConnectorUrl: string,
    public issueToken: IssueToken,
  ) {}

  /** Makes a member known, whose clients are told these feature flags. */
  admit(member: Member, featureStates: Readonly<Record<string, boolean>> = {}): void {
    this.members.set(member.id, member);
    this.featureStates = featureStates;
  }

  /** The member with this id, or an error: a test that signs a stranger in is wrong. */
  member(id: string): Member {
    const member = this.members.get(id);
    if (!member) throw new Error(`no member ${id}`);
    return member;
  }

  /** A fresh access token, and the member whom it stands for. */
  signIn(member: Member, amr: 'Application' | 'external'): string {
    const token = this.issueToken({
      sub: member.id,
      email: member.email,
      email_verified: true,
      name: 'Member',
      premium: false,
      sstamp: member.id,
      device: randomUUID(),
      amr: [amr],
      scope: ['api'],
    });
    this.bearers.set(token, member);
    return token;
  }

  /** The member who sent this `Authorization` header. */
  caller(authorization: string | undefined): Member {
    const member = this.bearers.get(authorization?.replace(/^Bearer /, '') ?? '');
    if (!member) throw new Error('no known access token');
    return member;
  }
}
