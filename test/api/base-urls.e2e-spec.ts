import { describe, expect, it } from '@jest/globals';
import { startApp } from '../support/app.js';
import { aProviderGroup, unused } from '../support/gateway.js';
import type { Answer } from '../support/http.js';

describe('base URLs, where the operator has opened more', () => {
  it('may be unencrypted and in the ranges that are allowed', async () => {
    const app = await startApp({ EZ_OUTBOUND_ALLOW_HTTP: 'true', EZ_OUTBOUND_ALLOW_CIDRS: '10.0.0.0/8' });
    try {
      const { base_url } = await aProviderGroup(app, { base_url: 'http://10.1.2.3:8000/v1' });
      expect(base_url).toBe('http://10.1.2.3:8000/v1');
      const other = { name: unused('group'), type: 'openai', base_url: 'http://192.168.0.1/' };
      expect((await app.admin.post('/admin/provider-groups', other)).status).toBe(400);
    } finally {
      await app.close();
    }
  });

  it('may not have a name that stands for another address, wherever they are written', async () => {
    // The name passes, for one of the addresses that it may have is allowed; the one that it has is not.
    const app = await startApp({ EZ_OUTBOUND_ALLOW_CIDRS: '::1/128' });
    const inside = (name: string) => ({ name, type: 'openai', base_url: 'https://localhost:8443/v1' });
    const refused = ({ status, body }: Answer, pointer: string) =>
      expect([status, body.errors]).toEqual([
        400,
        [{ pointer, message: 'base_url must not point to a private or reserved address' }],
      ]);
    try {
      const { id } = await aProviderGroup(app, { base_url: 'https://nobody.invalid/' });
      refused(await app.admin.post('/admin/provider-groups', inside(unused('group'))), '/base_url');
      refused(await app.admin.patch(`/admin/provider-groups/${id}`, { base_url: 'https://localhost/' }), '/base_url');
      refused(await app.admin.post('/providers', { ...inside(unused('group')), api_key: 'sk-upstream' }), '/base_url');
      const create = [{ name: unused('group'), type: 'openai' }, inside(unused('group'))];
      refused(await app.admin.post('/admin/provider-groups/batch', { create }), '/create/1/base_url');
      const update = [{ id, base_url: 'https://localhost/' }];
      refused(await app.admin.post('/admin/provider-groups/batch', { update }), '/update/0/base_url');
      expect((await app.admin.get('/admin/provider-groups')).body.data).toMatchObject([
        { id, base_url: 'https://nobody.invalid/' },
      ]);
    } finally {
      await app.close();
    }
  });

  it('may have a name that stands for an address that is allowed', async () => {
    const app = await startApp({ EZ_OUTBOUND_ALLOW_CIDRS: '127.0.0.0/8,::1/128' });
    try {
      const { base_url } = await aProviderGroup(app, { base_url: 'https://localhost:8443' });
      expect(base_url).toBe('https://localhost:8443/');
    } finally {
      await app.close();
    }
  });
});
