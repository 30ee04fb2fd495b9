import type { Member } from './members.ts';
import { type HttpAnswer, httpCall } from '../test/lab/network/http-call.ts';
import type { Target } from './targets/target.ts';

const sampleSize = 50;

/**
 * Compares a sample of answers with the members' keys, and that an altered token is refused; throws when one is wrong.
 */
export async function checkAnswers(target: Target, members: readonly Member[]): Promise<void> {
  const step = Math.max(1, Math.floor(members.length / sampleSize));
  for (let index = 0; index < members.length; index += step) {
    const member = members[index];
    if (member) await checkMember(target, member);
  }
}

async function checkMember(target: Target, member: Member): Promise<void> {
  const answer = await readKey(target, member.token);
  if (answer.status !== 200 || answer.body !== JSON.stringify({ key: member.key.toString('base64') })) {
    throw new Error(`${target.name} answered a member with status ${answer.status} or with another key.`);
  }
  const refused = await readKey(target, alterSignature(member.token));
  // Until the issuer was asked whether it has another key by now, the service answers 503.
  if (refused.status !== 401 && refused.status !== 503)
    throw new Error(`${target.name} answered an altered token with ${refused.status}, not 401 or 503.`);
}

function readKey(target: Target, token: string): Promise<HttpAnswer> {
  return httpCall(`${target.url}/user-keys`, { headers: { authorization: `Bearer ${token}` } });
}

function alterSignature(token: string): string {
  const at = token.lastIndexOf('.') + 1;
  return `${token.slice(0, at)}${token[at] === 'A' ? 'B' : 'A'}${token.slice(at + 1)}`;
}
