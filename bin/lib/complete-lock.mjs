// A registry may not carry every platform's build of an optional package. npm then leaves those out of the lock file, and
// `npm ci` refuses that lock as incomplete, or installs nothing on the platforms it omits. This adds the entries as npm
// would have written them; npm checks and completes them where they can be seen. Run by `npm run lock`.
import fs from 'node:fs';
import path from 'node:path';

import { say } from './console.mjs';
import { ROOT } from './folders.mjs';

const OPERATING_SYSTEMS = 'darwin win32 linux android freebsd netbsd openbsd openharmony sunos aix'.split(' ');
const PROCESSORS = 'arm64 x64 ia32 arm ppc64 s390x riscv64 loong64 mips64el wasm32'.split(' ');

const file = path.join(ROOT, 'package-lock.json');
const lock = JSON.parse(fs.readFileSync(file, 'utf8'));
const added = Object.entries(lock.packages).flatMap(([folder, { dev, optionalDependencies = {} }]) =>
  Object.entries(optionalDependencies)
    .filter(([name, version]) => /^\d+\.\d+\.\d+/.test(version) && !isLocked(folder, name))
    .flatMap(([name, version]) => platformEntry(name, version, dev)),
);
const entries = [...Object.entries(lock.packages), ...added].toSorted(([a], [b]) => (a < b ? -1 : 1));
fs.writeFileSync(file, `${JSON.stringify({ ...lock, packages: Object.fromEntries(entries) }, null, 2)}\n`);
say(`added ${added.length} platform entries to package-lock.json`);

/** Looks where Node.js would look from `folder`: in its node_modules, then in those of the folders around it. */
function isLocked(folder, name) {
  if (lock.packages[`${folder && `${folder}/`}node_modules/${name}`]) return true;
  if (folder === '') return false;
  return isLocked(folder.slice(0, Math.max(0, folder.lastIndexOf('node_modules/') - 1)), name);
}

/** A package named for a platform says in its name which. */
function platformEntry(name, version, dev) {
  const words = name.split('/').at(-1).replace('windows', 'win32').replace('linuxmusl', 'linux-musl').split('-');
  const os = OPERATING_SYSTEMS.find((one) => words.includes(one));
  if (!os) return [];
  const cpu = PROCESSORS.find((one) => words.includes(one));
  const musl = words.some((word) => word.startsWith('musl'));
  const glibc = os === 'linux' && words.some((word) => word.startsWith('gnu'));
  const libc = musl ? ['musl'] : glibc ? ['glibc'] : undefined;
  return [[`node_modules/${name}`, { version, cpu: cpu && [cpu], dev, libc, optional: true, os: [os] }]];
}
