import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Secret } from '@key-connector/common';
import { tlsCertificate } from '../../../../../test/lab/files/certificate.js';
import { KubernetesDouble } from '../../../../../test/lab/clouds/vault/kubernetes.double.js';
import { OpenBaoServer, openbao } from '../../../../../test/lab/clouds/vault/openbao.server.js';
import { describeIf } from '../../../../../test/lab/skip/skip.js';
import { type TempFolder, tempFolder } from '../../../../../test/lab/files/temp-folder.js';
import { until } from '../../../../../test/lab/processes/until.js';
import { rejection } from '../../testing/rejection.js';
import { VaultClient } from './vault.client.js';
import type { VaultAuth } from './vault.settings.js';

const hour = 3600;

describeIf(openbao.installed, openbao.reason, 'a session with Vault', () => {
  let bao: OpenBaoServer;
  let folder: TempFolder;
  /** Milliseconds of the client's clock; OpenBao's own goes on by itself. */
  let now = 0;

  beforeAll(async () => {
    bao = await OpenBaoServer.start();
    folder = await tempFolder('vault-client');
    await bao.mount('secret', 'kv', { version: '2' });
    await bao.post('secret/data/known', { data: { value: 'known' } });
    await bao.policy('reader', { 'secret/data/known': ['read'] });
    await bao.post('sys/auth/approle', { type: 'approle' });
  });
  beforeEach(() => {
    now = 0;
  });
  afterAll(async () => {
    await bao.stop();
    await folder.remove();
  });

  const clientOf = (auth: VaultAuth): VaultClient =>
    new VaultClient({ branch: 'rsaKey', server: bao.url, plainHttp: false, namespace: undefined, auth }, 15, () => now);

  const read = async (client: VaultClient): Promise<number> =>
    (await client.call({ method: 'GET', path: 'secret/data/known' })).status;

  /** What the server knows of every token of the policy `reader`, by the times that it was made and renewed. */
  const tokens = async (): Promise<{ accessor: string; last_renewal_time?: number }[]> => {
    const { data } = await bao.get<{ data: { keys: string[] } }>('auth/token/accessors?list=true');
    const found = await Promise.all(
      data.keys.map((accessor) =>
        bao
          .post<{ data: { accessor: string; policies: string[]; last_renewal_time?: number } }>(
            'auth/token/lookup-accessor',
            { accessor },
          )
          .then((answer) => answer.data)
          .catch(() => undefined),
      ),
    );
    return found.filter((token) => token !== undefined).filter(({ policies }) => policies.includes('reader'));
  };

  /** Makes an AppRole, and gives how to log in with it. */
  const role = async (name: string, options: object): Promise<VaultAuth<'appRole'>> => {
    await bao.post(`auth/approle/role/${name}`, { token_policies: ['reader'], ...options });
    const { data } = await bao.get<{ data: { role_id: string } }>(`auth/approle/role/${name}/role-id`);
    return {
      kind: 'appRole',
      mount: 'approle',
      roleId: data.role_id,
      secret: { value: new Secret(await newSecretId(name)) },
    };
  };
  const newSecretId = async (name: string): Promise<string> =>
    (await bao.post<{ data: { secret_id: string } }>(`auth/approle/role/${name}/secret-id`)).data.secret_id;

  describe('by AppRole', () => {
    it('shares one login among calls that arrive together, and keeps it', async () => {
      const client = clientOf(await role('shared', { token_ttl: hour }));
      const before = (await tokens()).length;
      await Promise.all(Array.from({ length: 20 }, () => read(client)));
      now = 0.6 * hour * 1000;
      await read(client);
      expect((await tokens()).length - before).toBe(1);
    });

    it('renews its token once a third of its life is left, though the secret id is good for one login', async () => {
      const client = clientOf(await role('renewed', { token_ttl: hour, secret_id_num_uses: 1 }));
      const known = new Set((await tokens()).map(({ accessor }) => accessor));
      for (const at of [0, 0.7, 1.4, 2.1]) {
        now = at * hour * 1000;
        expect(await read(client)).toBe(200);
      }
      const own = (await tokens()).filter(({ accessor }) => !known.has(accessor));
      expect(own).toHaveLength(1);
      expect(own[0]?.last_renewal_time).toBeGreaterThan(0);
    });

    it('logs in anew where a renewal gives little, as it does near the greatest age of a token', async () => {
      const client = clientOf(await role('aged', { token_ttl: hour }));
      const before = (await tokens()).length;
      await read(client);
      await bao.post('auth/approle/role/aged', { token_ttl: hour / 3 });
      now = 0.7 * hour * 1000;
      await read(client);
      expect((await tokens()).length - before).toBe(2);
    });

    it('logs in anew when its token has been revoked or has ended', async () => {
      const auth = await role('ended', { token_ttl: 1, token_max_ttl: 1 });
      const client = clientOf(auth);
      const known = new Set((await tokens()).map(({ accessor }) => accessor));
      await read(client);
      // The client's clock stands still, as a frozen process' does.
      await until(async () => (await tokens()).every(({ accessor }) => known.has(accessor)), 'the token has ended');
      expect(await read(client)).toBe(200);
    });

    it('reads the file with the secret id again for each login', async () => {
      const path = join(folder.path, 'secret-id');
      const { roleId, mount } = await role('file', { token_ttl: hour, token_max_ttl: hour, secret_id_num_uses: 1 });
      const client = clientOf({ kind: 'appRole', mount, roleId, secret: { path } });
      await expect(read(client)).rejects.toMatchObject({
        code: 'KEY_PROVIDER_UNAVAILABLE',
        message: `The file ${path} (rsaKey__vaultAppRoleSecretIdPath) does not exist.`,
      });
      await writeFile(path, `${await newSecretId('file')}\n`);
      expect(await read(client)).toBe(200);
      await writeFile(path, await newSecretId('file'));
      for (const { accessor } of await tokens()) await bao.post('auth/token/revoke-accessor', { accessor });
      expect(await read(client)).toBe(200);
    });

    it('says what Vault says of a wrong secret id, and not the secret id', async () => {
      const auth = await role('wrong', {});
      const error = await rejection(read(clientOf({ ...auth, secret: { value: new Secret('a-wrong-secret-id') } })));
      expect(error).toMatchObject({ code: 'KEY_PROVIDER_MISCONFIGURED' });
      expect(error.message).toMatch(
        /refuses the login at auth\/approle\/login \(400\): .*Check rsaKey__vaultAppRoleId/,
      );
      expect(error.message).not.toContain('a-wrong-secret-id');
    });
  });

  describe('with a token', () => {
    it('renews it once a third of its life is left', async () => {
      const token = await bao.token(['reader'], { period: '1h' });
      const client = clientOf({ kind: 'token', token: new Secret(token) });
      const renewals = async (): Promise<number | undefined> =>
        (await bao.post<{ data: { last_renewal_time?: number } }>('auth/token/lookup', { token })).data
          .last_renewal_time;
      await read(client);
      now = 0.6 * hour * 1000;
      await read(client);
      expect(await renewals()).toBeUndefined();
      now = 0.7 * hour * 1000;
      await read(client);
      expect(await renewals()).toBeGreaterThan(0);
    });

    it('goes on with one that may do nothing about itself', async () => {
      const token = await bao.token(['reader'], { no_default_policy: true, ttl: '1h' });
      const client = clientOf({ kind: 'token', token: new Secret(token) });
      expect(await read(client)).toBe(200);
      now = 0.9 * hour * 1000;
      expect(await read(client)).toBe(200);
    });

    it('says which policy is missing, and not the token', async () => {
      const token = await bao.token(['default']);
      const error = await rejection(read(clientOf({ kind: 'token', token: new Secret(token) })));
      expect(error).toMatchObject({ code: 'KEY_PROVIDER_MISCONFIGURED' });
      expect(error.message).toContain('the policy of rsaKey__vaultToken must have path "secret/data/known"');
      expect(error.message).not.toContain(token);
    });

    it('takes each call’s token from a file that others renew', async () => {
      const path = join(folder.path, 'token');
      const client = clientOf({ kind: 'tokenFile', path });
      await writeFile(path, '');
      await expect(read(client)).rejects.toMatchObject({ code: 'KEY_PROVIDER_UNAVAILABLE' });
      const first = await bao.token(['reader']);
      await writeFile(path, `${first}\n`);
      expect(await read(client)).toBe(200);
      await bao.post('auth/token/revoke', { token: first });
      await expect(read(client)).rejects.toMatchObject({ code: 'KEY_PROVIDER_MISCONFIGURED' });
      const second = await bao.token(['reader']);
      await writeFile(path, `${second}\n`);
      expect(await read(client)).toBe(200);
      // The old one is still good, and is not used any more: whoever rotated it may take it back at any time.
      await writeFile(path, 'no-token');
      await expect(read(client)).rejects.toMatchObject({ code: 'KEY_PROVIDER_MISCONFIGURED' });
    });
  });

  describe('with a Kubernetes service account', () => {
    let kubernetes: KubernetesDouble;
    beforeAll(async () => {
      const certificate = tlsCertificate();
      kubernetes = await KubernetesDouble.start(certificate);
      await bao.post('sys/auth/cluster', { type: 'kubernetes' });
      await bao.post('auth/cluster/config', {
        kubernetes_host: kubernetes.url,
        token_reviewer_jwt: kubernetes.reviewer,
        kubernetes_ca_cert: certificate.caPem,
        disable_local_ca_jwt: true,
      });
      await bao.post('auth/cluster/role/key-connector', {
        bound_service_account_names: ['key-connector'],
        bound_service_account_namespaces: ['vaults'],
        audience: 'openbao',
        token_policies: ['reader'],
        token_ttl: hour,
        token_max_ttl: hour,
      });
    });
    afterAll(() => kubernetes.stop());

    const auth = (jwtPath: string): VaultAuth => ({
      kind: 'kubernetes',
      mount: 'cluster',
      role: 'key-connector',
      jwtPath,
    });

    it('logs in, and reads the account’s token again for the next login', async () => {
      const path = join(folder.path, 'jwt');
      const client = clientOf(auth(path));
      await writeFile(path, kubernetes.tokenOf('vaults', 'key-connector'));
      expect(await read(client)).toBe(200);
      // The kubelet has replaced it, and the cluster takes the old one no more.
      kubernetes.forgetTokens();
      await writeFile(path, kubernetes.tokenOf('vaults', 'key-connector'));
      for (const { accessor } of await tokens()) await bao.post('auth/token/revoke-accessor', { accessor });
      expect(await read(client)).toBe(200);
    });

    it('logs in at a jwt method too, which asks no cluster', async () => {
      await bao.post('sys/auth/jwt', { type: 'jwt' });
      await bao.post('auth/jwt/config', { jwt_validation_pubkeys: [kubernetes.publicKeyPem] });
      await bao.post('auth/jwt/role/key-connector', {
        role_type: 'jwt',
        user_claim: 'sub',
        bound_subject: 'system:serviceaccount:vaults:key-connector',
        bound_audiences: ['openbao'],
        token_policies: ['reader'],
      });
      const path = join(folder.path, 'jwt-jwt');
      await writeFile(path, kubernetes.tokenOf('vaults', 'key-connector'));
      expect(await read(clientOf({ kind: 'kubernetes', mount: 'jwt', role: 'key-connector', jwtPath: path }))).toBe(
        200,
      );
    });

    it('is refused with another account’s, and shows nothing of it', async () => {
      const path = join(folder.path, 'other-jwt');
      const jwt = kubernetes.tokenOf('vaults', 'somebody-else');
      await writeFile(path, jwt);
      const error = await rejection(read(clientOf(auth(path))));
      expect(error.message).toContain('refuses the login at auth/cluster/login (403)');
      expect(error.message).not.toContain(jwt);
    });

    it('says so when the auth method is not mounted', async () => {
      const path = join(folder.path, 'jwt');
      const error = await rejection(read(clientOf({ ...auth(path), mount: 'nowhere' } as VaultAuth)));
      expect(error.message).toMatch(/refuses the login at auth\/nowhere\/login \(40[34]\)/);
    });
  });
});
