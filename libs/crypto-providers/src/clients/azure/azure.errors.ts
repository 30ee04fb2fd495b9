import { type KeyConnectorError, withCaAdvice } from '@key-connector/common';
import { z } from 'zod';
import { KeyProviderMisconfigured, KeyProviderUnavailable } from '../../contract/key-provider.errors.js';
import type { AzureVaultAccess } from './azure-vault-access.js';

/** What was asked of a vault. */
export interface AzureRequest {
  readonly access: AzureVaultAccess;
  /** Such as `key wrap, version 0123…`. */
  readonly subject: string;
  /** The permission that it needs, as the vault's access policies name it. */
  readonly permission: 'keys/get' | 'keys/list' | 'keys/unwrapKey' | 'secrets/get' | 'secrets/list';
}

const code = z.string().regex(/^\w{1,64}$/);

/**
 * What the SDK throws for an answer that is not 200, or for none. Its message and request are left out: they are not
 * ours.
 */
const restError = z.object({
  name: z.literal('RestError'),
  statusCode: z.number().optional(),
  code: code.optional().catch(undefined),
  details: z
    .object({ error: z.object({ innerError: z.object({ code }) }) })
    .optional()
    .catch(undefined),
});

/** A vault's answer that is not 200, or `status` 0 for none. */
export interface AzureAnswer {
  readonly status: number;
  /** The code of the error, and where the vault gives one the more exact inner code. */
  readonly code: string;
  readonly innerCode: string | undefined;
}

/** Reads the answer out of what the SDK has thrown; `undefined` when it is something else. */
export function azureAnswerOf(error: unknown): AzureAnswer | undefined {
  const parsed = restError.safeParse(error);
  if (!parsed.success) return undefined;
  const { statusCode: status = 0, code: outer = '', details } = parsed.data;
  return { status, code: outer, innerCode: details?.error.innerError.code };
}

/** Turns what the SDK has thrown into what an operator can act on; nothing of the original is kept. */
export function azureErrorOf(error: unknown, request: AzureRequest): KeyConnectorError {
  const noToken = entraErrorOf(error, request.access);
  if (noToken !== undefined) return noToken;
  if (isForeignChallenge(error))
    return new KeyProviderMisconfigured(
      `${request.access.vaultUri} asks for a token of a cloud that it is not named after, and was sent none; where it is ` +
        `a vault behind a name of your own, set ${request.access.branch}__azureKeyvaultVerifyResource to false.`,
    );
  const answer = azureAnswerOf(error);
  if (answer === undefined || answer.status === 0) return noAnswer(request, answer?.code ?? nameOf(error));
  const { status } = answer;
  if (status === 408 || status === 429 || status >= 500)
    return new KeyProviderUnavailable(`${request.access.vaultUri} answers ${status}${inBrackets(answer.code)}.`);
  return new KeyProviderMisconfigured(`${request.access.vaultUri}: ${explain(answer, request)}`);
}

/**
 * The SDK keeps the token back from a server whose challenge names another domain than its own; it has no code for
 * that.
 */
function isForeignChallenge(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('The challenge resource ');
}

function noAnswer({ access: { vaultUri } }: AzureRequest, reason: string): KeyProviderUnavailable {
  return new KeyProviderUnavailable(`${withCaAdvice(`${vaultUri} does not answer${inBrackets(reason)}`)}.`);
}

/** What is said of each inner code that the vault's reference and its answers show. */
const byInnerCode: Readonly<Record<string, (request: AzureRequest) => string>> = {
  KeyDisabled: ({ subject }) => `${subject} is disabled; enable that version again.`,
  SecretDisabled: ({ subject }) => `${subject} is disabled; enable that version again.`,
  SecretExpired: ({ subject }) => `${subject} has expired, and the vault gives it no more; change its expiry date.`,
  SecretNotYetValid: ({ subject }) => `${subject} is not valid yet, and the vault does not give it.`,
  KeyOperationForbidden: ({ subject }) => `${subject} may not be used for unwrapKey; permit that operation on the key.`,
  ForbiddenByFirewall: () => 'the firewall of the vault does not let this machine in.',
  ForbiddenByConnection: () => 'the vault is reached by its private endpoint only, and this connection is another.',
};

function explain(answer: AzureAnswer, request: AzureRequest): string {
  const { subject, permission, access } = request;
  const known = byInnerCode[answer.innerCode ?? '']?.(request);
  if (known !== undefined) return known;
  if (answer.status === 401)
    return 'it does not accept the token of this identity (401); the identity must belong to the tenant of the vault.';
  if (answer.status === 403)
    return `this identity may not use ${subject} (403${answer.innerCode === undefined ? '' : ` ${answer.innerCode}`}); ${advice[permission](access)}.`;
  if (answer.status === 404)
    return `${subject} is not there (404): it was deleted or never existed; recover it or correct the settings under ${access.branch}.`;
  return `it refuses ${subject} (${answer.status}${answer.code && ` ${answer.code}`}).`;
}

const advice: Readonly<Record<AzureRequest['permission'], (access: AzureVaultAccess) => string>> = {
  'keys/get': () => 'grant it keys/get and keys/unwrapKey (role "Key Vault Crypto User")',
  'keys/unwrapKey': () => 'grant it keys/get and keys/unwrapKey (role "Key Vault Crypto User")',
  'keys/list': () => 'grant it keys/list, or name the version in rsaKey__azureKeyvaultKeyVersion',
  'secrets/get': () => 'grant it secrets/get (role "Key Vault Secrets User")',
  'secrets/list': () => 'grant it secrets/list, or name the version in certificate__azureKeyvaultCertificateVersion',
};

const inBrackets = (text: string): string => (text === '' ? '' : ` (${text})`);

/** The name of an error's class, such as AbortError: that the time was over. */
export const nameOf = (error: unknown): string => (error instanceof Error ? error.name : 'unknown error');

/**
 * What the SDK throws when it gets no token. Its message can quote what Entra said, so only codes are taken from it.
 */
const tokenError = z.object({
  name: z.enum([
    'AggregateAuthenticationError',
    'AuthenticationError',
    'AuthenticationRequiredError',
    'CredentialUnavailableError',
  ]),
  message: z.string(),
});

/** Error codes of OAuth (RFC 6749, section 5.2) that no further attempt mends. */
const refused =
  /\b(?:invalid_client|invalid_grant|invalid_request|invalid_resource|invalid_scope|invalid_tenant|unauthorized_client)\b/;

/**
 * AADSTS codes that pass by themselves: trouble at Entra, throttling, a workload's token that is about to be renewed.
 */
const passing = new Set(['AADSTS90033', 'AADSTS90055', 'AADSTS700024']);

/** What Entra's refusal means for an operator; `undefined` when the error is not about a token. */
function entraErrorOf(error: unknown, access: AzureVaultAccess): KeyConnectorError | undefined {
  const parsed = tokenError.safeParse(error);
  if (!parsed.success) return undefined;
  const { message } = parsed.data;
  const code = /AADSTS\d+/.exec(message)?.[0] ?? refused.exec(message)?.[0];
  const said = `No token for ${access.vaultUri}${code === undefined ? '' : ` (${code})`}`;
  if (message.includes('not configured to acquire tokens for tenant'))
    return new KeyProviderMisconfigured(
      `${said}: the vault belongs to another tenant than ${access.branch}__azureKeyvaultAdTenantId, ` +
        'which must be the id of its tenant.',
    );
  if (refused.test(message) && !passing.has(code ?? ''))
    return new KeyProviderMisconfigured(`${said}: Entra refuses the ${whoAsks(access)}.`);
  return new KeyProviderUnavailable(`${said}: ${noTokenFrom(access)}.`);
}

function whoAsks({ branch, secret }: AzureVaultAccess): string {
  const settings = (names: string[]): string => names.map((name) => `${branch}__azureKeyvaultAd${name}`).join(', ');
  return secret === undefined
    ? `identity of this machine or workload; check it, and ${settings(['AppId'])} where it is given`
    : `application; check ${settings(['TenantId', 'AppId', 'Secret'])} and whether the secret has expired`;
}

function noTokenFrom({ branch, secret }: AzureVaultAccess): string {
  return secret === undefined
    ? 'no managed identity, workload identity or AZURE_* variable of this process gave one; ' +
        `assign an identity or set ${branch}__azureKeyvaultAdSecret`
    : 'Entra does not answer as it should';
}
