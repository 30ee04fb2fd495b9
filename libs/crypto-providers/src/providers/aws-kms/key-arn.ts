/** The parts of a KMS key's or alias' ARN that matter here. */
export interface AwsKeyArn {
  readonly region: string;
  readonly kind: 'key' | 'alias';
  /** All but the id: partition, region and account. */
  readonly home: string;
}

const pattern = /^(?<home>arn:[\w-]+:kms:(?<region>[\w-]+):\d{12}:)(?<kind>key|alias)\/.+$/;

/** Reads the ARN of a KMS key or alias; `undefined` for anything else, such as a bare key id. */
export function parseKeyArn(text: string): AwsKeyArn | undefined {
  const { home, region, kind } = pattern.exec(text)?.groups ?? {};
  return home === undefined || region === undefined
    ? undefined
    : { home, region, kind: kind === 'key' ? 'key' : 'alias' };
}

/** Whether `awsKeyId` names a key through an alias, which may name another key tomorrow. */
export function isAlias(keyId: string): boolean {
  return keyId.startsWith('alias/') || parseKeyArn(keyId)?.kind === 'alias';
}

/**
 * The key that an alias stands for: the one that it names now when there are wrappings of it, or none of any key that
 * it could have named before; else the recorded one, so that a re-pointed alias changes nothing by itself.
 */
export function keyBehindAlias(namedNow: string, recorded: readonly string[]): string {
  if (recorded.includes(namedNow)) return namedNow;
  const home = parseKeyArn(namedNow)?.home;
  return recorded.find((reference) => parseKeyArn(reference)?.home === home) ?? namedNow;
}
