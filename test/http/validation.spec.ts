import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Body, Controller, Get, Param, Patch, Post, Query } from '@nestjs/common';
import { Type } from 'class-transformer';
import { ArrayMaxSize, IsArray, IsIn, IsInt, IsOptional, IsString, Length, Min, ValidateNested } from 'class-validator';
import { IdPipe, QueryFlag, QueryInt } from '../../src/http/parameters.js';
import type { ProblemBody } from '../../src/http/problem.js';
import { postJson, startTinyApp, type TinyApp } from './tiny-app.js';

class ItemDto {
  @IsString()
  @Length(1, 5)
  name!: string;

  @IsOptional()
  @IsInt()
  @Min(0)
  weight?: number;
}

class BatchDto {
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(3)
  @ValidateNested({ each: true })
  @Type(() => ItemDto)
  update?: ItemDto[];

  @IsOptional()
  @ValidateNested()
  @Type(() => ItemDto)
  one?: ItemDto;

  @IsOptional()
  value?: unknown;
}

class ListQuery {
  @IsOptional()
  @QueryInt(1, 200)
  page_size?: number;

  @IsOptional()
  @QueryInt(1, Number.MAX_SAFE_INTEGER)
  key_id?: number;

  @IsOptional()
  @QueryFlag()
  cascade?: boolean;

  @IsOptional()
  @IsIn(['name', '-name'])
  sort?: string;

  @IsOptional()
  @IsString()
  search?: string;
}

@Controller()
class ThingsController {
  @Post('batch')
  batch(@Body() dto: BatchDto): { dto: BatchDto; isDto: boolean } {
    return { dto, isDto: dto instanceof BatchDto && (dto.update ?? []).every((item) => item instanceof ItemDto) };
  }

  @Post('items')
  create(@Body() dto: ItemDto): ItemDto {
    return dto;
  }

  @Patch('items/:id')
  update(@Param('id', IdPipe) id: number, @Body() dto: ItemDto): { id: number; dto: ItemDto } {
    return { id, dto };
  }

  @Get('items')
  list(@Query() query: ListQuery): ListQuery {
    return query;
  }

  @Get('items/:id')
  get(@Param('id', IdPipe) id: number): { id: number } {
    return { id };
  }

  @Get('named/:name')
  named(@Param('name') name: string): { name: string } {
    return { name };
  }
}

describe('validation', () => {
  let tiny: TinyApp;
  const post = async (path: string, body: unknown): Promise<ProblemBody> =>
    (await postJson(`${tiny.url}/${path}`, body)).json() as Promise<ProblemBody>;
  const get = async (path: string): Promise<ProblemBody & Record<string, unknown>> =>
    (await fetch(`${tiny.url}/${path}`)).json() as Promise<ProblemBody & Record<string, unknown>>;

  beforeAll(async () => {
    tiny = await startTinyApp(ThingsController);
  });
  afterAll(() => tiny.close());

  it('hands the route an instance of its DTO, with what was sent and nothing more', async () => {
    const dto = { update: [{ name: 'a', weight: 1 }, { name: 'b' }], value: { any: ['thing', null] } };
    expect(await post('batch', dto)).toEqual({ dto, isDto: true });
    expect(await post('batch', {})).toEqual({ dto: {}, isDto: true });
  });

  it('points into arrays and objects, and reports every mistake at once', async () => {
    const problem = await post('batch', {
      update: [{ name: 'a' }, { name: '' }, { name: 'toolong', weight: -1 }],
      one: { name: 7 },
      extra: 1,
    });
    expect(problem).toMatchObject({ status: 400, code: 'invalid', detail: '5 fields are wrong' });
    expect(problem.errors.map(({ pointer }) => pointer).toSorted()).toEqual(
      ['/extra', '/one/name', '/update/1/name', '/update/2/name', '/update/2/weight'].toSorted(),
    );
  });

  it('says what is wrong in words', async () => {
    const { errors } = await post('batch', { update: [{ name: 'a', weight: -1 }] });
    expect(errors).toEqual([{ pointer: '/update/0/weight', message: 'weight must not be less than 0' }]);
  });

  it('says that a field is missing rather than everything that it is not', async () => {
    expect((await post('items', {})).errors).toEqual([{ pointer: '/name', message: 'name is required' }]);
    expect((await post('items', { name: null })).errors[0]?.message).toContain('must be a string');
  });

  it('refuses unknown fields at every level by name', async () => {
    expect((await post('items', { name: 'a', id: 7 })).errors).toEqual([
      { pointer: '/id', message: 'id is not a known field' },
    ]);
    expect((await post('batch', { update: [{ name: 'a', 'x/y': 7 }] })).errors).toEqual([
      { pointer: '/update/0/x~1y', message: 'x/y is not a known field' },
    ]);
    expect((await post('items', { name: 'a', toString: 1, valueOf: 2 })).errors).toHaveLength(2);
  });

  it.each([[[]], [[{ name: 'a' }]], [null], ['text'], [7], [true], ['']])('refuses the body %j', async (body) => {
    expect(await post('items', body)).toMatchObject({
      status: 400,
      errors: [{ pointer: '', message: 'the body must be a JSON object' }],
    });
  });

  it('takes a missing body as an empty one', async () => {
    const answer = await fetch(`${tiny.url}/items`, { method: 'POST' });
    expect(await answer.json()).toMatchObject({ status: 400, detail: 'name is required' });
  });

  it.each([7, 'text', [null], [7], ['text'], [[]], [[{ name: 'a' }]], { name: 'a' }, { 0: { name: 'a' } }])(
    'refuses %j where a list of objects is wanted',
    async (update) => {
      const problem = await post('batch', { update });
      expect(problem.status).toBe(400);
      expect(problem.errors.every(({ pointer }) => pointer.startsWith('/update'))).toBe(true);
    },
  );

  it.each([7, 'text', [], [{ name: 'a' }]])('refuses %j where one object is wanted', async (one) => {
    expect(await post('batch', { one })).toMatchObject({ status: 400 });
  });

  it('converts nothing in a body', async () => {
    expect((await post('items', { name: 'a', weight: '1' })).errors[0]?.pointer).toBe('/weight');
    expect((await post('items', { name: 1 })).errors[0]?.pointer).toBe('/name');
    expect((await post('items', { name: ['a'] })).errors[0]?.pointer).toBe('/name');
  });

  it('limits how many mistakes it lists', async () => {
    const body = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`f${i}`, 1]));
    expect((await post('items', body)).errors).toHaveLength(100);
  });

  it('reads ids up to the largest whole number, and none beyond', async () => {
    expect(await get('items?key_id=9007199254740991')).toEqual({ key_id: Number.MAX_SAFE_INTEGER });
    expect((await get('items?key_id=9007199254740993')).status).toBe(400);
  });

  it('reads numbers and flags of the query', async () => {
    expect(await get('items?page_size=200&cascade=true&sort=-name&search=7')).toEqual({
      page_size: 200,
      cascade: true,
      sort: '-name',
      search: '7',
    });
    expect(await get('items')).toEqual({});
  });

  it.each([
    '0',
    '201',
    '-1',
    '1.0',
    '1e2',
    '0x10',
    '%207',
    '7%20',
    '',
    '१',
    '9999999999999999',
    'NaN',
    '1&page_size=2',
  ])('refuses page_size=%s', async (value) => {
    const { status, errors } = await get(`items?page_size=${value}`);
    expect({ status, pointers: errors.map(({ pointer }) => pointer) }).toEqual({
      status: 400,
      pointers: ['/page_size'],
    });
    expect(errors[0]?.message).toContain('page_size');
  });

  it.each([
    ['sort=id;drop', '/sort'],
    ['sort=name&sort=-name', '/sort'],
    ['cascade=yes', '/cascade'],
    ['cascade=', '/cascade'],
    ['search[x]=1', '/search[x]'],
    ['search=a&search=b', '/search'],
    ['search=%00', '/search'],
    ['search=a%0Bb', '/search'],
    ['nope=1', '/nope'],
    ['__proto__=1', '/__proto__'],
    ['constructor=1', '/constructor'],
  ])('refuses the query %s', async (query, pointer) => {
    expect(await get(`items?${query}`)).toMatchObject({ status: 400, errors: [{ pointer }] });
  });

  it('reads ids', async () => {
    expect(await get('items/9007199254740991')).toEqual({ id: 9007199254740991 });
  });

  it.each(['0', '-1', '1.0', '1e2', '0x1', '01', 'abc', '9007199254740992', '99999999999999999999', '%00', '1%20'])(
    'refuses the id %s',
    async (id) => {
      const { status, errors } = await get(`items/${id}`);
      expect({ status, pointers: errors.map(({ pointer }) => pointer) }).toEqual({ status: 400, pointers: ['/id'] });
    },
  );

  it('looks into other path parameters too', async () => {
    expect(await get('named/a.b')).toEqual({ name: 'a.b' });
    expect(await get('named/a%00b')).toMatchObject({ status: 400, errors: [{ pointer: '/name' }] });
  });
});
