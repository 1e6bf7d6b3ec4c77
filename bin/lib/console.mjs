import process from 'node:process';

/** A problem that the person at the keyboard can solve: what is wrong, and what to do about it. */
export class SetupError extends Error {
  /**
   * @param {string} problem
   * @param {string} remedy
   */
  constructor(problem, remedy) {
    super(problem);
    this.remedy = remedy;
  }
}

/** Speaks on stderr, so that stdout carries nothing but the application's log. @param {string} message */
export function say(message) {
  process.stderr.write(`ez-api: ${message}\n`);
}

/** @param {unknown} error */
export function explain(error) {
  if (error instanceof SetupError) {
    say(error.message);
    say(`to fix it: ${error.remedy}`);
  } else if (error instanceof Error && error.name !== 'ConfigError') {
    say(error.stack ?? error.message);
  } else {
    // A wrong setting is no defect of ours, and its message says it all.
    say(error instanceof Error ? error.message : String(error));
  }
}
