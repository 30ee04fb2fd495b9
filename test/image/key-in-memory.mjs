/**
 * The smallest key provider in a package by others: plain JavaScript that needs nothing of ours. Its key lives as long
 * as it.
 */
import { createHash, generateKeyPairSync, privateDecrypt, publicEncrypt } from 'node:crypto';

const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const spki = publicKey.export({ format: 'der', type: 'spki' });
const about = {
  id: `sha256:${createHash('sha256').update(spki).digest('hex')}`,
  description: 'a key in memory',
  keyReference: 'memory/1',
  classicAlgorithm: 'RSA-OAEP',
};

export const keyProvider = {
  apiVersion: 1,
  settings: {
    '~standard': {
      version: 1,
      vendor: 'none',
      validate: (value) => ({ value }),
      jsonSchema: { input: () => ({ type: 'object', properties: {} }) },
    },
  },
  describe: () => about.description,
  open: async () => ({
    ...about,
    wrap: async (dataKey) => ({
      keyReference: about.keyReference,
      algorithm: about.classicAlgorithm,
      ciphertext: new Uint8Array(publicEncrypt({ key: publicKey, oaepHash: 'sha1' }, dataKey)),
    }),
    unwrap: async ({ ciphertext }) => new Uint8Array(privateDecrypt({ key: privateKey, oaepHash: 'sha1' }, ciphertext)),
  }),
};
