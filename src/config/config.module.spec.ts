import { describe, expect, it } from '@jest/globals';
import { Injectable, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Config } from './config.js';
import { ConfigModule } from './config.module.js';
import { loadConfig } from './load-config.js';
import { REQUIRED_SECRETS } from './variables.js';

@Injectable()
class Reader {
  constructor(readonly config: Config) {}
}

@Module({ providers: [Reader] })
class FeatureModule {}

describe('ConfigModule', () => {
  it('gives the configuration to every module', async () => {
    const config = loadConfig(
      Object.fromEntries(REQUIRED_SECRETS.map((name) => [name, 'x'])),
      join(tmpdir(), 'no-such-folder'),
    );
    const module = await Test.createTestingModule({ imports: [ConfigModule.forRoot(config), FeatureModule] }).compile();
    expect(module.get(Reader, { strict: false }).config).toBe(config);
  });
});
