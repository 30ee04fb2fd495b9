export { AccessTokenGuard } from './access-token.guard.js';
export {
  IssuerNotConfigured,
  IssuerUnavailable,
  ScopeInsufficient,
  TokenInvalid,
  TokenMissing,
  TokenRefused,
} from './auth.errors.js';
export { AuthModule } from './auth.module.js';
export { authSettingsSchema, type AuthOptions, type AuthSettings } from './auth.settings.js';
export { CurrentUser } from './current-user.decorator.js';
export { SigningKeys } from './signing-keys.js';
