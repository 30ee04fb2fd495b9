import { AccessTokenGuard, CurrentUser } from '@key-connector/auth';
import type { UserId } from '@key-connector/common';
import { Audited } from '@key-connector/observability';
import { Body, Controller, Get, Header, HttpCode, Post, Put, Req, UseGuards } from '@nestjs/common';
import { readJsonBody } from './json-body.js';
import { parseUserKey, type UserKeyBody } from './user-key-body.js';
import { UserKeys } from './user-keys.js';

/** `/user-keys`: the one resource of this product, one for each member, found by the token alone. */
@Controller('user-keys')
@UseGuards(AccessTokenGuard)
export class UserKeysController {
  constructor(private readonly keys: UserKeys) {}

  @Get()
  @Header('Cache-Control', 'no-store')
  @Header('Pragma', 'no-cache')
  async read(@CurrentUser() id: UserId): Promise<UserKeyBody> {
    const key = await this.keys.read(id);
    try {
      return { key: key.toString('base64') };
    } finally {
      key.fill(0);
    }
  }

  // Clients take nothing but 200 for a write, and fail on an empty body that claims to be JSON.
  @Post()
  @HttpCode(200)
  @Audited('user-key.create')
  create(@CurrentUser() id: UserId, @Body() body: unknown): Promise<void> {
    return withKey(body, (key) => this.keys.create(id, key));
  }

  @Put()
  @HttpCode(200)
  @Audited('user-key.replace')
  replace(@CurrentUser() id: UserId, @Body() body: unknown, @Req() request: { readonly id: string }): Promise<void> {
    return withKey(body, (key) => this.keys.replace(id, key, request.id));
  }
}

/** Gives the body's key to work, and wipes both however that ends. */
async function withKey(body: unknown, work: (key: Uint8Array) => Promise<void>): Promise<void> {
  let key: Buffer | undefined;
  try {
    key = parseUserKey(readJsonBody(body));
    await work(key);
  } finally {
    key?.fill(0);
    if (body instanceof Uint8Array) body.fill(0);
  }
}
