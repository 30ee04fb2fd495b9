/**
 * Why a stored value was refused: the label of the metric, and a field of the log line.
 *
 * `malformed`: no value of either layout, or no text at all. `not_authentic`: altered, or sealed for another member or
 * under another data key. `unknown_data_key`: its header names one that is not there. `data_key_id_mismatch`: header
 * and column disagree. `classic_where_bound_expected`: a classic value where only bound ones may stand.
 */
export type OpeningFailureReason =
  'malformed' | 'not_authentic' | 'unknown_data_key' | 'data_key_id_mismatch' | 'classic_where_bound_expected';

/** A stored value does not open. Never leaves the service: callers get a UserKeyUnreadable, without the reason. */
export class OpeningFailure extends Error {
  constructor(
    readonly reason: OpeningFailureReason,
    /** The data key that an `unknown_data_key` names. */
    readonly dataKeyId?: number,
  ) {
    super(reason);
  }
}
