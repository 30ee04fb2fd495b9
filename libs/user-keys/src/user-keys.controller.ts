import { AccessTokenGuard, CurrentUser } from '@key-connector/auth';
import type { UserId } from '@key-connector/common';
import { Body, Controller, Get, Header, HttpCode, Post, Put, Req, UseGuards } from '@nestjs/common';
import { parseUserKey, type UserKeyBody } from './user-key-body.js';
import { UserKeysAudit } from './user-keys.audit.js';
import { UserKeys } from './user-keys.js';

interface Request {
  readonly id: string;
}

/** `/user-keys`: the one resource of this product, one for each member, found by the token alone. */
@Controller('user-keys')
@UseGuards(AccessTokenGuard)
export class UserKeysController {
  constructor(
    private readonly keys: UserKeys,
    private readonly audit: UserKeysAudit,
  ) {}

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
  create(@CurrentUser() id: UserId, @Body() body: unknown, @Req() request: Request): Promise<void> {
    return this.audit.record('user-key.create', id, request.id, () =>
      withKey(body, (key) => this.keys.create(id, key)),
    );
  }

  @Put()
  @HttpCode(200)
  replace(@CurrentUser() id: UserId, @Body() body: unknown, @Req() request: Request): Promise<void> {
    return this.audit.record('user-key.replace', id, request.id, () =>
      withKey(body, (key) => this.keys.replace(id, key)),
    );
  }
}

/** Gives the body's key to work, and wipes it however that ends. */
async function withKey(body: unknown, work: (key: Uint8Array) => Promise<void>): Promise<void> {
  const key = parseUserKey(body);
  try {
    await work(key);
  } finally {
    key.fill(0);
  }
}
