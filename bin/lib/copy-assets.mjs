// The compiler copies nothing but what it compiles; Lua scripts are read at run time beside the code that runs them.
import fs from 'node:fs';
import path from 'node:path';

import { ROOT } from './folders.mjs';

for (const entry of fs.readdirSync(path.join(ROOT, 'src'), { withFileTypes: true, recursive: true })) {
  if (!entry.isFile() || !entry.name.endsWith('.lua')) continue;
  const source = path.join(entry.parentPath, entry.name);
  const target = path.join(ROOT, 'dist', path.relative(ROOT, source));
  fs.mkdirSync(path.dirname(target), { recursive: true });
  fs.copyFileSync(source, target);
}
