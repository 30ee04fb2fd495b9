import { version } from '@key-connector/common';
import { Controller, Get, Header } from '@nestjs/common';

/** What existing monitors ask for: is anyone there, what time is it, which version. */
@Controller()
export class AboutController {
  /** The current UTC time as a JSON string (ISO 8601). */
  @Get(['alive', 'now'])
  @Header('content-type', 'application/json; charset=utf-8')
  now(): string {
    return JSON.stringify(new Date().toISOString());
  }

  @Get('version')
  version(): { version: string } {
    return { version };
  }
}
