import { KeyConnectorError } from '@key-connector/common';

/** What came is no HTTP that this service takes; the message says which rule it breaks. */
export class RequestMalformed extends KeyConnectorError {
  readonly code = 'REQUEST_MALFORMED';

  constructor(message = 'The request is not valid HTTP.') {
    super(message);
  }
}

/** The headers, together, are too large. */
export class HeadersTooLarge extends KeyConnectorError {
  readonly code = 'HEADERS_TOO_LARGE';
}

/** The request did not arrive in time. */
export class RequestTimeout extends KeyConnectorError {
  readonly code = 'REQUEST_TIMEOUT';
}

/** `Expect` names something else than `100-continue` (RFC 9110, section 10.1.1). */
export class ExpectationFailed extends KeyConnectorError {
  readonly code = 'EXPECTATION_FAILED';

  constructor() {
    super('The only expectation that can be met is 100-continue.');
  }
}

/** The client sends request after request on one connection and does not wait for the answers. */
export class RequestsTooMany extends KeyConnectorError {
  readonly code = 'REQUESTS_TOO_MANY';

  constructor(limit: number) {
    super(`More than ${limit} requests wait for their answers on this connection, which is closed now.`);
  }
}

/** More requests wait than are answered in time. */
export class Overloaded extends KeyConnectorError {
  readonly code = 'OVERLOADED';

  constructor(
    /** How long this one would have waited, in milliseconds. */
    private readonly wait: number,
  ) {
    super('Requests come faster than they can be answered: those that would wait too long are refused at once.');
  }

  override get headers(): Readonly<Record<string, string>> {
    return { 'retry-after': String(Math.ceil(this.wait / 1000)) };
  }
}

/** A body in a content coding: never inflated, so that a small body cannot become a large one. */
export class ContentCodingUnsupported extends KeyConnectorError {
  readonly code = 'CONTENT_TYPE_UNSUPPORTED';

  constructor() {
    super('A body with a content coding is not taken.');
  }
}

/** The path is known, the method is not. */
export class MethodNotAllowed extends KeyConnectorError {
  readonly code = 'METHOD_NOT_ALLOWED';

  constructor(
    method: string,
    /** Methods that the path takes, for the `Allow` header (RFC 9110, section 10.2.1). */
    private readonly allowed: readonly string[],
  ) {
    super(`${method} is not allowed here; use ${allowed.join(', ')}.`);
  }

  override get headers(): Readonly<Record<string, string>> {
    return { allow: this.allowed.join(', ') };
  }
}
