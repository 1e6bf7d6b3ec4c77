/** Set by bin/test; an absent one means that a spec runs without its servers. */
export function requiredEnvironment(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: run the tests with bin/test <file>`);
  return value;
}

export const ADMIN_TOKEN = 'test-admin-token-0123456789abcdef';
export const INTERNAL_TOKEN = 'test-internal-token-0123456789abc';

/** What every application under test is started with, beside its servers. */
export const TEST_ENVIRONMENT = {
  EZ_API_PORT: '0',
  EZ_ADMIN_TOKEN: ADMIN_TOKEN,
  EZ_INTERNAL_TOKEN: INTERNAL_TOKEN,
  EZ_JWT_SECRET: 'test-jwt-secret-0123456789abcdefgh',
  EZ_ENCRYPTION_KEY: 'test-encryption-key-0123456789abcd',
  EZ_LOG_FORMAT: 'json',
};
