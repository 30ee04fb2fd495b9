import { type Check, ok, problem, warning } from '../check.js';

/** Data keys and their wrappings. */
export const ringCheck: Check = {
  name: 'ring',
  async run(examined) {
    if (!(await examined.hasTables())) return [ok('There is none yet: the first start makes it.')];
    const { dataKeys, classicKey, members } = await examined.stored();
    if (dataKeys.length === 0 && !classicKey) {
      if (members === 0) return [ok('There is none yet: the first start makes it.')];
      return [
        problem(
          `${members} members have keys, but there is no data key: none of them can be opened.`,
          'Restore DataKeys, DataKeyWrappings and ApplicationDatas from a backup. Start nothing before.',
        ),
      ];
    }
    const { faults } = await examined.opened();
    if (faults.length > 0) return faults.map(({ id, why }) => problem(`Data key ${id}: ${why}`));
    if (dataKeys.length === 0)
      return [
        warning(
          'This is a classic deployment, whose data key opens.',
          'The first start takes it over; keep a backup from before.',
        ),
      ];
    const ids = dataKeys.map(({ id }) => id).join(', ');
    return [ok(`${dataKeys.length === 1 ? `Data key ${ids} opens` : `Data keys ${ids} open`}.`)];
  },
};
