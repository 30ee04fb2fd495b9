/** Why a stored value was refused: the label of the metric, and a field of the log line. */
export type OpeningFailureReason =
  'malformed' | 'not_authentic' | 'unknown_data_key' | 'data_key_id_mismatch' | 'classic_where_bound_expected';

/** A stored value does not open; never leaves this room. */
export class OpeningFailure extends Error {
  constructor(readonly reason: OpeningFailureReason) {
    super(reason);
  }
}
