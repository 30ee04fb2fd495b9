export { AccessTokenGuard } from './access-token.guard.js';
export { AuthModule } from './auth.module.js';
export { authSettingsSchema, type AuthOptions, type AuthSettings } from './auth.settings.js';
export { CurrentUser } from './current-user.decorator.js';
export { chooseKeySource } from './issuer/choose-key-source.js';
export { IssuerNotConfigured, IssuerUnavailable } from './issuer/issuer.errors.js';
export { SigningKeys } from './issuer/signing-keys.js';
export { ScopeInsufficient, TokenInvalid, TokenMissing } from './token/token.errors.js';
export { tokenFaultOf } from './token-fault.js';
