import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, Get } from '@nestjs/common';
import { ApiOkResponse, ApiProperty, type OpenAPIObject } from '@nestjs/swagger';
import type { Page } from '../../src/common/page.js';
import { ApiProblems, pageOf, serveDocument } from '../../src/http/openapi.js';
import { startTinyApp, type TinyApp } from './tiny-app.js';

class ThingView {
  @ApiProperty()
  name!: string;
}
class ThingPage extends pageOf(ThingView) {}

class OtherView {
  @ApiProperty()
  size!: number;
}
class OtherPage extends pageOf(OtherView) {}

@Controller()
class DocumentedController {
  @Get('things')
  @ApiOkResponse({ type: ThingPage })
  @ApiProblems(400, 404)
  things(): Page<ThingView> {
    return { data: [], total: 0, page: 1, page_size: 20 };
  }

  @Get('others')
  @ApiOkResponse({ type: OtherPage })
  others(): Page<OtherView> {
    return { data: [], total: 0, page: 1, page_size: 20 };
  }
}

describe('the OpenAPI document', () => {
  let tiny: TinyApp;
  let document: OpenAPIObject;

  beforeAll(async () => {
    tiny = await startTinyApp(DocumentedController, { beforeListen: serveDocument });
    document = (await (await fetch(`${tiny.url}/swagger/json`)).json()) as OpenAPIObject;
  });
  afterAll(() => tiny.close());

  it('says what it is and how one signs in', () => {
    expect(document.info).toMatchObject({ title: 'EZ-API', version: expect.stringMatching(/^\d+\.\d+\.\d+/) });
    expect(Object.keys(document.components?.securitySchemes ?? {})).toEqual(['admin', 'master', 'internal']);
  });

  it('declares errors as problem+json', () => {
    const responses = document.paths['/things']?.get?.responses;
    expect(Object.keys(responses ?? {})).toEqual(['200', '400', '404']);
    expect(responses?.['404']).toMatchObject({
      content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
    });
    expect(document.components?.schemas?.Problem).toMatchObject({
      required: ['type', 'title', 'status', 'detail', 'code', 'errors', 'request_id'],
    });
  });

  it('types each page by its view', () => {
    expect(document.components?.schemas).toMatchObject({
      ThingPage: { properties: { data: { items: { $ref: '#/components/schemas/ThingView' } } } },
      OtherPage: { properties: { data: { items: { $ref: '#/components/schemas/OtherView' } } } },
    });
  });

  it('can be read in a browser, with no source but this server', async () => {
    const page = await fetch(`${tiny.url}/swagger`);
    expect(page.headers.get('content-type')).toContain('text/html');
    const assets = [...(await page.text()).matchAll(/(?:src|href)="\.\/([^"]+)"/g)].map(([, path]) => path);
    expect(assets.length).toBeGreaterThan(3);
    for (const path of assets) expect((await fetch(`${tiny.url}/${path}`)).status).toBe(200);
  });
});
