import { type ErrorCode, KeyConnectorError } from '@key-connector/common';

/** A command asks for what would lose keys, or cannot be done as things are. Nothing was changed. */
export class RingChangeRefused extends KeyConnectorError {
  readonly code: ErrorCode = 'RING_CHANGE_REFUSED';
}

/** Another operator was faster. Nothing was changed by this command. */
export class RingChanged extends KeyConnectorError {
  readonly code: ErrorCode = 'RING_CHANGED';

  constructor(seen: number, now: number) {
    super(
      `The ring was changed by somebody else meanwhile: its manifest was version ${seen}, and is version ${now} now. ` +
        'Nothing was changed by this command. Look at what is there (key-connector status), and run it again if it is still wanted.',
    );
  }
}
