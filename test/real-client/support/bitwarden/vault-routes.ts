import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { cipherResponse, syncResponse } from './sync-response.js';
import type { BitwardenState } from './state.js';
import type { Routes } from './router.js';

/** The vault: what a client reads after login, and the one write that the journeys make. */
export function vaultRoutes(state: BitwardenState): Routes {
  return {
    'GET /api/config': () => ({
      status: 200,
      json: {
        object: 'config',
        version: '2026.9.0',
        gitHash: 'stand-in',
        server: null,
        settings: {},
        environment: {
          vault: state.url,
          api: `${state.url}/api`,
          identity: `${state.url}/identity`,
          notifications: `${state.url}/notifications`,
          sso: `${state.url}/sso`,
        },
        push: { pushTechnology: 0 },
        featureStates: state.featureStates,
      },
    }),
    'GET /api/sync': ({ authorization }) => ({
      status: 200,
      json: syncResponse(state.caller(authorization), state.keyConnectorUrl),
    }),
    'POST /api/ciphers': ({ authorization, body }) => {
      const cipher = { ...z.record(z.string(), z.unknown()).parse(JSON.parse(body)), id: randomUUID() };
      state.caller(authorization).ciphers.push(cipher);
      return { status: 200, json: cipherResponse(cipher) };
    },
  };
}
