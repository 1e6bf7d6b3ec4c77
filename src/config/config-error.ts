/** Every mistake of a configuration at once, one line each. No line carries a secret. */
export class ConfigError extends Error {
  constructor(readonly mistakes: readonly string[]) {
    super(['The configuration is not usable:', ...mistakes.map((mistake) => `  ${mistake}`)].join('\n'));
    this.name = 'ConfigError';
  }
}

/** One value is not what was expected; the message completes "EZ_X (x.y): ..." and never repeats the value. */
export class WrongValue extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'WrongValue';
  }
}
