/** No circles between the folders inside a room. On its own, because a folder's specs may import from anywhere in the room. */
const { options } = require('./.dependency-cruiser.cjs');

/** The rooms that are kept so; a room that has folders to order adds itself. */
const rooms = ['crypto-providers'];

module.exports = {
  forbidden: rooms.map((room) => ({
    name: `no-circles-between-the-folders-of-${room}`,
    severity: 'error',
    scope: 'folder',
    from: { path: `^libs/${room}/src/` },
    to: { circular: true, path: `^libs/${room}/src/` },
  })),
  options: { ...options, exclude: { path: '(^dist/|^\\.tools/|^\\.demo/|\\.spec\\.ts$|/testing/|^test/)' } },
};
