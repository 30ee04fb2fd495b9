import { constants, createCipheriv, createPublicKey, type KeyObject, publicEncrypt, randomBytes } from 'node:crypto';
import {
  CreateAliasCommand,
  CreateKeyCommand,
  type CreateKeyCommandInput,
  DisableKeyCommand,
  EnableKeyCommand,
  GetParametersForImportCommand,
  ImportKeyMaterialCommand,
  KMSClient,
  ScheduleKeyDeletionCommand,
  UpdateAliasCommand,
} from '@aws-sdk/client-kms';

/** An access key of a user of the account. */
export interface AwsUser {
  readonly name: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** Credentials that a role gives for an hour. */
export interface AwsSession extends AwsUser {
  readonly sessionToken: string;
}

/** The emulator's own caller: its signatures are not checked, and it may do everything. */
const root = { accessKeyId: 'test', secretAccessKey: 'test' };
const rootAuthorization = (service: string): string =>
  `AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/${service}/aws4_request, SignedHeaders=host, Signature=00`;

/** What an operator does in an AWS account: keys, aliases, users and what they may do. */
export class AwsAccount {
  readonly region = 'eu-central-1';
  private readonly endpoint: string;
  private readonly kms: KMSClient;
  private users = 0;

  constructor(port: number) {
    this.endpoint = `http://127.0.0.1:${port}`;
    this.kms = new KMSClient({ region: this.region, endpoint: this.endpoint, credentials: root });
  }

  /** Makes a key and gives its ARN. */
  async createKey(input: CreateKeyCommandInput = {}): Promise<string> {
    const { KeyMetadata } = await this.kms.send(new CreateKeyCommand(input));
    return KeyMetadata?.Arn ?? '';
  }

  createRsaKey(bits: 2048 | 3072 | 4096 = 2048): Promise<string> {
    return this.createKey({ KeyUsage: 'ENCRYPT_DECRYPT', KeySpec: `RSA_${bits}` });
  }

  /** Makes a key of this private key, 2048 bits long, as an operator moves one into KMS. */
  async importRsaKey(privateKey: KeyObject): Promise<string> {
    const arn = await this.createKey({ KeyUsage: 'ENCRYPT_DECRYPT', KeySpec: 'RSA_2048', Origin: 'EXTERNAL' });
    const { PublicKey, ImportToken } = await this.kms.send(
      new GetParametersForImportCommand({
        KeyId: arn,
        WrappingAlgorithm: 'RSA_AES_KEY_WRAP_SHA_256',
        WrappingKeySpec: 'RSA_4096',
      }),
    );
    const material = wrapKeyMaterial(privateKey, PublicKey ?? new Uint8Array());
    await this.kms.send(
      new ImportKeyMaterialCommand({
        KeyId: arn,
        ImportToken,
        EncryptedKeyMaterial: material,
        ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE',
      }),
    );
    return arn;
  }

  async disable(arn: string): Promise<void> {
    await this.kms.send(new DisableKeyCommand({ KeyId: arn }));
  }

  async enable(arn: string): Promise<void> {
    await this.kms.send(new EnableKeyCommand({ KeyId: arn }));
  }

  async scheduleDeletion(arn: string): Promise<void> {
    await this.kms.send(new ScheduleKeyDeletionCommand({ KeyId: arn, PendingWindowInDays: 7 }));
  }

  /** Makes `alias/<name>` name the key, for the first time or anew. */
  async pointAlias(name: string, arn: string): Promise<string> {
    const input = { AliasName: `alias/${name}`, TargetKeyId: arn };
    await this.kms.send(new CreateAliasCommand(input)).catch(() => this.kms.send(new UpdateAliasCommand(input)));
    return input.AliasName;
  }

  /** Makes a user who may do these actions with every key. */
  async createUser(...actions: string[]): Promise<AwsUser> {
    this.users += 1;
    const name = `key-connector-${this.users}`;
    await this.iam({ Action: 'CreateUser', UserName: name });
    const answer = await this.iam({ Action: 'CreateAccessKey', UserName: name });
    await this.permit(name, ...actions);
    return { name, accessKeyId: element(answer, 'AccessKeyId'), secretAccessKey: element(answer, 'SecretAccessKey') };
  }

  /** From now on the user may do these actions, and nothing else. */
  async permit(userName: string, ...actions: string[]): Promise<void> {
    const policy = policyOf({ Effect: 'Allow', Action: actions, Resource: '*' });
    await this.iam({ Action: 'PutUserPolicy', UserName: userName, PolicyName: 'kms', PolicyDocument: policy });
  }

  /** Makes a role that a workload with a token of this issuer and subject may take, and gives its ARN. */
  createWebIdentityRole(issuerHost: string, subject: string, ...actions: string[]): Promise<string> {
    const trust = policyOf({
      Effect: 'Allow',
      Principal: { Federated: `arn:aws:iam::000000000000:oidc-provider/${issuerHost}` },
      Action: 'sts:AssumeRoleWithWebIdentity',
      Condition: { StringEquals: { [`${issuerHost}:sub`]: subject } },
    });
    return this.createRole(`role-of-${subject}`, trust, actions);
  }

  /** Takes a role of its own that may do these actions, as ECS, EKS and EC2 do for a workload. */
  async createSession(...actions: string[]): Promise<AwsSession> {
    this.users += 1;
    const name = `workload-${this.users}`;
    const trust = policyOf({ Effect: 'Allow', Principal: { AWS: '*' }, Action: 'sts:AssumeRole' });
    const arn = await this.createRole(name, trust, actions);
    const answer = await this.query('sts', {
      Version: '2011-06-15',
      Action: 'AssumeRole',
      RoleArn: arn,
      RoleSessionName: name,
    });
    return {
      name,
      accessKeyId: element(answer, 'AccessKeyId'),
      secretAccessKey: element(answer, 'SecretAccessKey'),
      sessionToken: element(answer, 'SessionToken'),
    };
  }

  private async createRole(name: string, trust: string, actions: string[]): Promise<string> {
    const answer = await this.iam({ Action: 'CreateRole', RoleName: name, AssumeRolePolicyDocument: trust });
    const policy = policyOf({ Effect: 'Allow', Action: actions, Resource: '*' });
    await this.iam({ Action: 'PutRolePolicy', RoleName: name, PolicyName: 'kms', PolicyDocument: policy });
    return element(answer, 'Arn');
  }

  private iam(parameters: Record<string, string>): Promise<string> {
    return this.query('iam', { Version: '2010-05-08', ...parameters });
  }

  private async query(service: 'iam' | 'sts', parameters: Record<string, string>): Promise<string> {
    const response = await fetch(this.endpoint, {
      method: 'POST',
      headers: { authorization: rootAuthorization(service) },
      body: new URLSearchParams(parameters),
    });
    const answer = await response.text();
    if (!response.ok) throw new Error(`${parameters['Action'] ?? ''}: ${answer}`);
    return answer;
  }
}

/** RSA_AES_KEY_WRAP_SHA_256: AES key wrap with padding (RFC 5649) under a key that goes along in RSA-OAEP. */
function wrapKeyMaterial(privateKey: KeyObject, importKey: Uint8Array): Buffer {
  const key = createPublicKey({ key: Buffer.from(importKey), format: 'der', type: 'spki' });
  const aes = randomBytes(32);
  const cipher = createCipheriv('id-aes256-wrap-pad', aes, Buffer.from('a65959a6', 'hex'));
  const material = privateKey.export({ format: 'der', type: 'pkcs8' });
  return Buffer.concat([
    publicEncrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' }, aes),
    cipher.update(material),
    cipher.final(),
  ]);
}

function policyOf(statement: object): string {
  return JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
}

function element(xml: string, name: string): string {
  return new RegExp(`<${name}>([^<]*)<`).exec(xml)?.[1] ?? '';
}

/** A service account's token; the emulator reads its claims and does not check its signature. */
export function webIdentityToken(issuerHost: string, subject: string): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'none' })}.${part({ iss: `https://${issuerHost}`, sub: subject, aud: 'sts.amazonaws.com' })}.`;
}
